"""The table of metrics in docs/monitoring.md, made from the families themselves so that it cannot be wrong."""

from keeper.telemetry.metrics import Metrics

_HEAD = "| Metric | Kind | Labels | Meaning |\n|---|---|---|---|\n"


def metrics_markdown() -> str:
    """Return the table, one line for each family, in the order of their names."""
    rows = sorted(Metrics().families.made, key=lambda row: row.name)
    return _HEAD + "".join(f"| `{r.name}` | {r.kind} | {', '.join(r.labels)} | {r.meaning} |\n" for r in rows)
