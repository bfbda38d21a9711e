"""What commands that look at many things say of them in the end."""

from collections.abc import Sequence
from dataclasses import asdict

import typer

from keeper import console as output
from keeper.findings import Finding


def tell(findings: Sequence[Finding], *, json: bool) -> None:
    """Print what was found, each failure with its remedy; leave with exit status 1 when there is one."""
    sound = all(finding.ok for finding in findings)
    if json:
        output.as_json({"ok": sound, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            mark = "[green]ok    [/green]" if finding.ok else "[red]failed[/red]"
            output.out.print(f"{mark} [bold]{finding.name}[/bold]: ", end="")
            output.out.print(finding.detail, markup=False)
            if finding.remedy:
                output.out.print(f"       → {finding.remedy}", markup=False)
    if not sound:
        raise typer.Exit(1)
