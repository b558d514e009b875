from __future__ import annotations

import re
from pathlib import Path

import pytest

import lsl_tools.model_page
from lsl_tools.model_page.scripts import one_script

PAGE = Path(lsl_tools.model_page.__file__).with_name("page")


def test_what_is_imported_comes_first_and_once(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nimport { c } from "./c.js";\nb(c);\n')
    (tmp_path / "b.js").write_text('import { c } from "./c.js";\nexport const b = (x) => x + c;\n')
    (tmp_path / "c.js").write_text("export const c = 1;\nexport async function d() {}\nexport class E {}\n")
    found = one_script(tmp_path, "a")
    assert [found.count(f'modules["{name}"] = (') for name in "abc"] == [1, 1, 1]
    assert found.index('modules["c"] = (') < found.index('modules["b"] = (') < found.index('modules["a"] = (')
    assert "return { c, d, E };" in found
    assert 'const { c } = modules["c"];' in found


def test_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = 1;\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = 1;\n')
    with pytest.raises(ValueError, match=r"a\.js imports itself, by way of a and b"):
        one_script(tmp_path, "a")


@pytest.mark.parametrize(("folder", "entry"), [(PAGE, "main"), (PAGE / "worker", "work")])
def test_all_modules_of_the_page_are_in_it_and_none_is_left_as_a_module(folder: Path, entry: str) -> None:
    found = one_script(folder, entry)
    assert not re.search(r"^(import|export)\b", found, re.MULTILINE)
    for path in folder.glob("*.js"):
        assert f'modules["{path.stem}"] = (' in found


def test_every_word_is_said_in_every_language() -> None:
    """A key that is asked for is in the English table, and the German one has no other keys."""
    text = (PAGE / "words.js").read_text(encoding="utf-8")
    tables = {name: set(re.findall(r"(?<=[\s{,])(\w+): \"", body)) for name, body in _tables(text)}
    assert tables["GERMAN"] <= tables["ENGLISH"]
    asked = {key for path in PAGE.glob("*.js") for key in re.findall(r'\bt\("(\w+)"', path.read_text(encoding="utf-8"))}
    told = {key for path in PAGE.rglob("*.js") for key in re.findall(r'Problem\("(\w+)"', path.read_text("utf-8"))}
    assert asked | (told - {"cut"}) <= tables["ENGLISH"]


def _tables(text: str) -> list[tuple[str, str]]:
    return re.findall(r"const (ENGLISH|GERMAN) = (\{.*?\n\});", text, re.DOTALL)
