"""Tables: what is too wide is folded on a terminal, and left whole where a program reads."""

from keeper import console

ADDRESS = "ST3K86QCC1CE88KD8W88GKDRX9WTEQ6EQW9XMCG6S" * 3
ROW = ("node [used]", ADDRESS, "some words that say what this is about")


def test_table__piped__is_one_whole_line_a_row(capsys):
    console.table(("name", "address", "about"), [ROW])

    lines = capsys.readouterr().out.splitlines()
    assert (len(lines), all(cell in lines[1] for cell in ROW)) == (2, True)


def test_table__on_a_terminal__is_folded_and_nothing_is_cut(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal to rich, as wide as it says
    console.table(("name", "address", "about"), [ROW])

    text = capsys.readouterr().out
    assert "…" not in text
    assert sum(text.count(letter) for letter in "89") == sum(ADDRESS.count(letter) for letter in "89")
