import json
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import jsonschema
import pytest
import yaml

from device_profiles import play
from device_profiles.cli import main
from device_profiles.json_schema import profile_schema
from device_profiles.loader import CATALOG, load_catalogue
from device_profiles.pages import devices_page, pages, quantities_page, schema_page

ROOT = Path(__file__).parents[2]
WRONG = Path(__file__).parent / "wrong"


def test_list_filters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--category", "epaper", "--protocol", "ble"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "CATEGORY", "PROTOCOL", "GRADE", "WHAT"]
    assert line.split()[:4] == ["campus-epaper-terminal", "epaper", "ble", "bronze"]


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [item["id"] for item in listed] == list(load_catalogue())
    assert {"grade", "title", "vendor"} <= set(listed[0])


def test_an_unknown_category_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--category", "toaster"]) == 2
    assert capsys.readouterr().err.startswith("'toaster' is not a category; use one of computer,")


def test_show_says_the_rule_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "eastron-sdm120"]) == 0
    shown = capsys.readouterr().out
    assert "active_power    power           W     input 0x000C float32 ABCD" in shown
    assert (
        "Active while active_power is above 60 W; standby while it is above 2 W; else off. "
        "A fall of up to 30 seconds is overlooked; silence of more than 2 minutes counts as "
        "unobserved, not as off. Energy comes from energy_import."
    ) in shown


@pytest.mark.parametrize("profile_id", load_catalogue())
def test_every_model_can_be_shown(profile_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", profile_id]) == 0
    assert main(["show", profile_id, "--json"]) == 0
    assert '"id"' in capsys.readouterr().out


def test_a_mistyped_id_gets_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "eastron-sdm12"]) == 1
    near = "eastron-sdm120 or eastron-sdm72d or eastron-sdm630"
    assert f"did you mean {near}?" in capsys.readouterr().err
    assert main(["show", "zzz"]) == 1
    assert capsys.readouterr().err == "zzz: no such model; see `campus-profiles list`\n"


def test_check_tells_all_errors_and_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(WRONG / "wrong-protocol.yaml"), str(WRONG / "a-list.yaml")]) == 1
    assert capsys.readouterr().err.splitlines() == [
        (
            f"{WRONG}/wrong-protocol.yaml:2: protocol: 'mqqt' is not a protocol; "
            "use ble, modbus or mqtt"
        ),
        f"{WRONG}/a-list.yaml:1: expected keys and values, got a list",
        "2 errors in 2 files",
    ]


def test_check_of_the_catalogue(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out == f"{len(load_catalogue())} profiles, no errors\n"
    assert main(["check", str(CATALOG / "meter" / "eastron-sdm120.yaml")]) == 0
    assert capsys.readouterr().out == "1 profile, no errors\n"
    assert main(["check", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("no profile files found")


def test_check_holds_a_school_s_file_against_the_catalogue(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = shutil.copy(CATALOG / "meter" / "eastron-sdm120.yaml", tmp_path)
    assert main(["check", str(file)]) == 1
    assert f"{file}: id: eastron-sdm120 is already the id of" in capsys.readouterr().err


def test_a_wrong_catalogue_is_one_sentence_per_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--profiles", str(WRONG)]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_docs_cannot_be_written_over_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "taken"
    file.write_text("")
    assert main(["docs", "--out", str(file)]) == 1
    assert capsys.readouterr().err == f"{file}: File exists\n"


def test_a_reader_who_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m device_profiles.cli schema | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


# -- the schema for editors -------------------------------------------------------------------


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == profile_schema()
    jsonschema.Draft202012Validator.check_schema(profile_schema())


def with_text_keys(tree: object) -> object:
    """JSON has no other keys; an editor sees the YAML in the same way."""
    if isinstance(tree, dict):
        return {str(key): with_text_keys(value) for key, value in tree.items()}
    return [with_text_keys(item) for item in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize("path", sorted(CATALOG.rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_schema_accepts_the_catalogue_as_it_is_written(path: Path) -> None:
    tree = with_text_keys(yaml.safe_load(path.read_text(encoding="utf-8")))
    jsonschema.Draft202012Validator(profile_schema()).validate(tree)


@pytest.mark.parametrize("name", ["many-faults", "mqtt-types", "other-name", "wrong-protocol"])
def test_the_schema_refuses_what_the_loader_refuses(name: str) -> None:
    tree = with_text_keys(yaml.safe_load((WRONG / f"{name}.yaml").read_text(encoding="utf-8")))
    assert not jsonschema.Draft202012Validator(profile_schema()).is_valid(tree)


# -- the pages --------------------------------------------------------------------------------


def test_the_pages_in_the_tree_are_current() -> None:
    """`campus-profiles docs --out docs/reference/profiles` writes them anew."""
    folder = ROOT / "docs" / "reference" / "profiles"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")} == pages(
        load_catalogue()
    )
    for name, text in {
        "devices.md": devices_page(load_catalogue()),
        "quantities.md": quantities_page(),
        "profile-schema.md": schema_page(),
    }.items():
        assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == text


def test_the_table_of_devices_has_what_a_manager_asks() -> None:
    rows = devices_page(load_catalogue()).splitlines()
    (dual,) = [row for row in rows if "profiles/sonoff-dualr3.md" in row]
    assert "<br>Shelly 2.5 with Tasmota<br>双路计量开关" in dual
    assert "| 校园网 · school network<br>MQTT |" in dual
    assert "有功功率 1 路、有功功率 2 路" in dual
    assert "| 开关 1 路、开关 2 路 | 是 · yes | 有手册或实测报文为证" in dual
    (contract,) = [row for row in rows if "profiles/campus-projector.md" in row]
    assert (
        "| - | 是 · yes | 本项目的参考规范，不是市售产品 · a contract of ours, no product |"
        in contract
    )
    (remembered,) = [row for row in rows if "profiles/renke-rs-gz.md" in row]
    assert remembered.endswith("| - | - | 部分凭记忆编写 · partly from memory |")


def test_docs_removes_the_pages_of_models_that_are_gone(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "gone-model.md").write_text("old")
    assert main(["docs", "--out", str(folder)]) == 0
    assert not (folder / "gone-model.md").exists()
    assert (folder / "eastron-sdm120.md").exists()


# -- a new file, and nothing else -------------------------------------------------------------

NEW = CATALOG / "meter" / "eastron-sdm120.yaml"


@pytest.fixture
def dropped_in(tmp_path: Path) -> Path:
    """A folder with one new profile, as somebody who adds a device would have written it."""
    text = NEW.read_text(encoding="utf-8").replace("eastron-sdm120", "acme-em7")
    text = text.replace("vendor: Eastron\nmodel: SDM120-Modbus", "vendor: Acme\nmodel: EM7")
    text = "\n".join(line for line in text.splitlines() if "{vendor: Eastron" not in line)
    path = tmp_path / "catalog" / "meter" / "acme-em7.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text.replace("aliases:\n", ""), encoding="utf-8")
    return tmp_path / "catalog"


def test_a_new_file_is_played(dropped_in: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--play", str(dropped_in)]) == 0
    assert capsys.readouterr().out == "1 profile, no errors; each was played\n"


def test_an_example_that_the_gateway_reads_otherwise_fails_the_check(
    dropped_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = dropped_in / "meter" / "acme-em7.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    number, line = next((n, x) for n, x in enumerate(lines, 1) if "readings: {voltage" in x)
    lines[number - 1] = line.replace("voltage: 230.20001", "voltage: 231.5")
    file.write_text("\n".join(lines), encoding="utf-8")
    assert main(["check", str(dropped_in)]) == 0
    assert main(["check", "--play", str(dropped_in)]) == 1
    fault, verdict = capsys.readouterr().err.splitlines()
    where = f"{file}:{number}: examples.0.readings.voltage: "
    assert fault.startswith(where + "231.5 is written, the gateway reads 230.20001")
    assert verdict == "1 error in 1 file"


def test_playing_says_what_is_not_installed(
    dropped_in: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = metadata.EntryPoint("gateway", "a_library_that_is_not_there:read", play.GROUP)
    monkeypatch.setattr(metadata, "entry_points", lambda **_: [entry])
    assert main(["check", "--play", str(dropped_in)]) == 1
    assert capsys.readouterr().err == (
        "--play needs the gateway and the simulators: a_library_that_is_not_there is not "
        "installed; install smart-campus[edge,simulators]\n"
    )
    monkeypatch.setattr(metadata, "entry_points", lambda **_: [])
    assert main(["check", "--play", str(dropped_in)]) == 1
    assert "install smart-campus again" in capsys.readouterr().err


def test_a_new_file_gets_its_page(dropped_in: Path, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    assert main(["docs", "--profiles", str(dropped_in), "--out", str(out)]) == 0
    assert "# Acme EM7" in (out / "acme-em7.md").read_text(encoding="utf-8")
    assert "(acme-em7.md)" in (out / "index.md").read_text(encoding="utf-8")


def test_a_wrong_new_file_fails_the_check(
    dropped_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(WRONG / "many-faults.yaml", dropped_in / "meter")
    assert main(["check", str(dropped_in)]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "18 errors in 1 file"


def test_the_how_to_is_true(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its file loads, and passes the very check that the page names."""
    page = (ROOT / "docs" / "how-to" / "add-a-device.md").read_text(encoding="utf-8")
    snippet = page.split("```yaml\n", 1)[1].split("```", 1)[0]
    path = tmp_path / "meter" / "acme-em7.yaml"
    path.parent.mkdir()
    path.write_text(snippet, encoding="utf-8")
    assert main(["check", "--play", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 profile, no errors; each was played\n"
