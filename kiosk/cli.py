"""The command line: parsing only. Exit 0 fine, 1 something is wrong (said in a sentence), 2 unusable arguments."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from kiosk.cli_speech import speech

if TYPE_CHECKING:
    from kiosk.callbench.call_bench import Options
    from kiosk.measurements.outbox import OutboxError

DEFAULT_SETTINGS = Path("/etc/svar/settings.toml")

_settings_option = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_SETTINGS,
    show_default=True,
    help="The settings file.",
)


def _fail(sentence: str, code: int = 1) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(code)


_OUTBOX = {
    "in-use": "Stop the kiosk first.",
    "key-missing": "Bring back the key of this device.",
    "full": "Make room on the disk.",
    "newer": "Install the Svar that wrote it, or a newer one.",
    "cannot-open": "Check that the kiosk has run here, and that you may read and write there.",
}


def _fail_of_outbox(error: OutboxError) -> NoReturn:
    action = _OUTBOX.get(error.reason.value, "Tell the support, and change nothing.")
    _fail(f"The outbox cannot be used: {error}. {action}")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="svar")
def kiosk() -> None:
    """Svar: the screen in a patient's home on which a nurse visits by video."""


@kiosk.command()
@_settings_option
@click.option("--choose-profile", is_flag=True, help="Begin with the patient's choosing of colours, sizes and sounds.")
@click.option("--verbose", is_flag=True, help="Log more.")
def run(settings_file: Path, choose_profile: bool, verbose: bool) -> None:
    """Run the kiosk: core, which starts and watches media, speech and (in development) the screen."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s core: %(levelname)s %(name)s: %(message)s",
    )
    from kiosk.settings import SettingsError, load_settings, read_password

    try:
        settings = load_settings(settings_file)
        password = read_password(settings.sip.password_file)
    except SettingsError as error:
        _fail(str(error), 2)
    from kiosk.app import App

    async def main() -> None:
        try:
            app = App(settings, password, choose_profile=choose_profile)
        except (ValueError, OSError) as error:
            # What only the parts themselves can judge: a SIP address, a folder that cannot be made.
            raise SettingsError(f"{settings_file}: {error}. Correct the settings file.") from error
        await app.run()

    try:
        asyncio.run(main())
    except SettingsError as error:
        _fail(str(error), 2)


@kiosk.command()
@_settings_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def doctor(settings_file: Path, as_json: bool) -> None:
    """Try each part: ok, or what is wrong and what to do."""
    from kiosk.doctor import examine

    findings = asyncio.run(examine(settings_file))
    if as_json:
        click.echo(json.dumps({"findings": [one.as_dict() for one in findings]}, ensure_ascii=False, indent=2))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("part", "state", "what is wrong", "what to do")
        for one in findings:
            table.add_row(one.part, "ok" if one.ok else "wrong", one.wrong or one.detail, one.action or "")
        Console().print(table)
    sys.exit(0 if all(one.ok for one in findings) else 1)


@kiosk.command()
@click.option("--scripted", is_flag=True, help="Play the whole visit unattended, with headless Chromium as the nurse.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Where --scripted writes its JSON.")
@click.option("--camera", default="generated", show_default=True, help="generated, /dev/videoN, or a file.")
@click.option("--sound", type=click.Choice(["generated", "real"]), default="generated", show_default=True)
@click.option("--port", type=int, default=8088, show_default=True, help="Of the nurse's page, on loopback.")
@click.option("--seconds", type=float, default=None, help="End by itself after this long.")
def demo(scripted: bool, report: Path | None, camera: str, sound: str, port: int, seconds: float | None) -> None:
    """Start the real servers on loopback, the kiosk, and a nurse's page."""
    if scripted != (report is not None):
        raise click.UsageError("--scripted and --report FILE go together")
    if scripted and (camera != "generated" or sound != "generated" or seconds is not None):
        raise click.UsageError("--scripted plays with generated picture and sound, to its own end")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s demo: %(levelname)s %(message)s")
    from kiosk.caredesk.demo import DemoError, play_demo, until_told_to_stop
    from kiosk.caredesk.scripted import play_scripted

    try:
        if scripted and report is not None:
            sys.exit(0 if asyncio.run(until_told_to_stop(play_scripted(report))) else 1)
        asyncio.run(play_demo(camera=camera, sound=sound, port=port, seconds=seconds))
    except DemoError as error:
        _fail(str(error))


kiosk.add_command(speech)


@kiosk.group()
def outbox() -> None:
    """Readings that wait to be sent."""


@outbox.command()
@_settings_option
def status(settings_file: Path) -> None:
    """How many readings wait, are delivered, are held back."""
    from kiosk.measurements.outbox import Outbox, OutboxError
    from kiosk.settings import SettingsError, load_settings

    try:
        data = load_settings(settings_file).data_directory
    except SettingsError as error:
        _fail(str(error), 2)
    try:
        with closing(Outbox.open(data / "outbox.sqlite", writing=False)) as box:
            counts = box.counts()
    except OutboxError as error:
        _fail_of_outbox(error)
    click.echo(json.dumps({"waiting": counts.waiting, "delivered": counts.delivered, "held": counts.held}))


@outbox.command()
@_settings_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(settings_file: Path, file: Path) -> None:
    """Write what is not delivered to FILE, opened, one JSON object a line: for support."""
    from kiosk.measurements.outbox import Outbox, OutboxError
    from kiosk.settings import SettingsError, load_settings

    try:
        settings = load_settings(settings_file)
    except SettingsError as error:
        _fail(str(error), 2)
    database = settings.data_directory / "outbox.sqlite"
    try:
        with closing(Outbox.open(database, settings.sealing_key_file, writing=False)) as box:
            number = box.export(file)
    except OutboxError as error:
        _fail_of_outbox(error)
    click.echo(f"{number} entries written to {file}. They are health data: delete the file when it has been used.")


@kiosk.group()
def devices() -> None:
    """The health devices of this home."""


def _examples() -> str:
    from drivers.formats import FORMATS

    lines = [f"{name:<22} {one.example}" for name, one in FORMATS.items()]
    return "\b\nOne example of every format:\n" + "\n".join(lines)


class _DecodeCommand(click.Command):
    """The examples are looked up only when the help is asked for."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.epilog = _examples()
        super().format_epilog(ctx, formatter)


@devices.command(cls=_DecodeCommand)
@click.argument("characteristic_or_format")
@click.argument("hexadecimal", nargs=-1, required=True)
def decode(characteristic_or_format: str, hexadecimal: tuple[str, ...]) -> None:
    """What the bytes of a device mean, as one JSON object.

    CHARACTERISTIC_OR_FORMAT is a 16-bit UUID such as 2A35, or a maker's format; HEXADECIMAL the bytes, with or without
    spaces. Bytes that do not follow the format: exit 2 and {"error": reason}.
    """
    from drivers.errors import DecodeError
    from drivers.formats import UnknownFormat, decode_to_json

    try:
        data = bytes.fromhex(re.sub(r"0x|[:,-]", "", "".join(hexadecimal).lower()))
    except ValueError:
        click.echo(json.dumps({"error": "the bytes are not hexadecimal"}))
        sys.exit(2)
    try:
        click.echo(json.dumps(decode_to_json(characteristic_or_format, data), ensure_ascii=False))
    except (DecodeError, UnknownFormat) as error:
        click.echo(json.dumps({"error": str(error)}, ensure_ascii=False))
        sys.exit(2)


@devices.command(name="list")
@_settings_option
@click.option("--supported", is_flag=True, help="All that Svar knows, instead of this home's own.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def list_devices(settings_file: Path, supported: bool, as_json: bool) -> None:
    """Which devices this kiosk listens to."""
    from rich.console import Console
    from rich.table import Table

    from drivers.catalog import CATALOG

    if supported:
        columns = ["model", "maker", "measures", "transport", "bond", "clock", "verified"]
        rows = [
            [
                one.model,
                one.manufacturer,
                ", ".join(kind.value for kind in one.kinds),
                one.transport.value,
                one.bonding.value,
                one.clock_rule.value,
                one.verified.value,
            ]
            for one in CATALOG
        ]
    else:
        from kiosk.home_devices import enrolled
        from kiosk.measurements.paired_devices import PairedDevicesError
        from kiosk.settings import SettingsError, load_settings

        try:
            known = enrolled(load_settings(settings_file))
        except SettingsError as error:
            _fail(str(error), 2)
        except PairedDevicesError as error:
            _fail(str(error))
        columns = ["model", "source", "address", "user slots"]
        rows = [
            [
                one.device.model,
                one.device.source,
                one.device.address,
                json.dumps(one.device.slots) if one.device.slots else "",
            ]
            for one in known
        ]
    if as_json:
        click.echo(json.dumps({"devices": [dict(zip(columns, row, strict=True)) for row in rows]}, ensure_ascii=False))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@devices.command()
@click.option(
    "--ports",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/dev/serial/by-id"),
    show_default=True,
    help="The folder with the stable names of serial cables.",
)
@click.option("--seconds", type=float, default=2.5, show_default=True, help="How long to listen at each line setting.")
def wired(ports: Path, seconds: float) -> None:
    """Listen at every serial cable: its name for the settings, and which device speaks there.

    The device must be switched on and used meanwhile. The kiosk must not run: it holds its own cables. Exit 1 when no
    device was recognised.
    """
    from drivers.catalog import CATALOG
    from drivers.serial.finding import Verdict, identify_all
    from kiosk.measurements.wall_clock import WallClock

    findings = asyncio.run(identify_all(CATALOG, WallClock().now(), folder=ports, listen_s=seconds))
    if not findings:
        _fail(f"There is no serial cable in {ports}. Plug it in.")
    for one in findings:
        what = one.device.model if one.device is not None else one.verdict.value
        click.echo(f"{one.port.name}: {what}" if one.trouble is None else f"{one.port.name}: {one.trouble.value}")
    sys.exit(0 if any(one.verdict is Verdict.RECOGNISED for one in findings) else 1)


@devices.command(name="pair")
@_settings_option
@click.option("--model", default=None, help="Only this model of the catalogue.")
@click.option("--address", default=None, help="Only the device with this Bluetooth address.")
@click.option("--slot", "slots", multiple=True, metavar="NUMBER=PATIENT", help="Whose a user slot of the device is.")
@click.option(
    "--seconds", type=click.FloatRange(1, 600), default=20.0, show_default=True, help="How long to look for the device."
)
@click.option("--forget", is_flag=True, help="First remove this computer's old bond with the device at --address.")
def pair_command(
    settings_file: Path, model: str | None, address: str | None, slots: tuple[str, ...], seconds: float, forget: bool
) -> None:
    """Pair a Bluetooth device with this kiosk, and prove that it comes back. The kiosk must not run meanwhile."""
    from drivers.catalog import UnknownModel, by_model
    from kiosk.device_end import open_outbox
    from kiosk.measurements.capture import Sender, desk_wording
    from kiosk.measurements.outbox import OutboxError
    from kiosk.measurements.paired_devices import PairedDevicesError
    from kiosk.measurements.wall_clock import WallClock
    from kiosk.pairing import PairingError, ask_passkey, pair_device
    from kiosk.resources import assets
    from kiosk.settings import SettingsError, load_settings

    if forget and address is None:
        raise click.UsageError("--forget needs --address")
    chosen: dict[str, str] = {}
    for slot in slots:
        number, equals, patient = slot.partition("=")
        if not equals or not (number.isascii() and number.isdigit() and int(number) < 255):
            raise click.UsageError(f"--slot {slot}: write it as 1=p-4711")
        chosen[number] = patient
    if model is not None:
        try:
            by_model(model)
        except UnknownModel as error:
            raise click.UsageError(f"--model {model}: see kiosk devices list --supported") from error
    try:
        settings = load_settings(settings_file)
        wording = desk_wording(
            (assets() / "phrases" / f"{settings.profile.language.value}.toml").read_text(encoding="utf-8")
        )
    except SettingsError as error:
        _fail(str(error), 2)
    try:
        outbox = open_outbox(settings)
    except OutboxError as error:
        _fail_of_outbox(error)
    sender = Sender(settings.fhir.device, wording)
    work = pair_device(
        settings,
        outbox,
        sender,
        WallClock(),
        model=model,
        address=address,
        slots=chosen,
        say=click.echo,
        passkey=ask_passkey,
        look_seconds=seconds,
        forget=forget,
    )
    try:
        asyncio.run(work)
    except (PairingError, PairedDevicesError) as error:
        _fail(str(error))
    except OutboxError as error:
        _fail_of_outbox(error)
    finally:
        outbox.close()


@kiosk.command()
@click.argument("name", type=click.Choice(["visit", "readings", "call", "access"]))
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures here too."
)
@click.option("--only", multiple=True, help="Only these checks.")
@click.option("--visits", type=int, default=5, show_default=True, help="visit: how many visits to measure.")
@click.option("--readings", type=int, default=20, show_default=True, help="readings: how many readings to measure.")
@click.option("--seconds", type=float, default=15.0, show_default=True, help="call: how long each call is measured.")
@click.option("--calls", type=int, default=40, show_default=True, help="call: set-ups for each figure of set-up.")
@click.option("--soak", type=int, default=300, show_default=True, help="call: calls in a row for growth.")
@click.option("--seed", type=int, default=1, show_default=True, help="call: decides which packets are lost.")
@click.option(
    "--artefacts",
    type=click.Path(path_type=Path, file_okay=False),
    help="call: keep what was heard in this folder, to be listened to.",
)
def bench(
    name: str,
    json_file: Path | None,
    only: tuple[str, ...],
    visits: int,
    readings: int,
    seconds: float,
    calls: int,
    soak: int,
    seed: int,
    artefacts: Path | None,
) -> None:
    """Measure: visit, readings and call how fast and well they go; access whether everybody can use the screen."""
    logging.basicConfig(level=logging.WARNING)
    if name == "access":
        _bench_access(json_file, only)
    from kiosk.caredesk.demo import DemoError, until_told_to_stop

    if name == "call":
        from kiosk.callbench.call_bench import Options

        if artefacts is not None:
            artefacts.mkdir(parents=True, exist_ok=True)
        _bench_call(json_file, only, Options(seconds, calls, soak, seed, artefacts))
    from kiosk.caredesk import bench_readings, bench_visit

    known = bench_visit.CHECKS if name == "visit" else bench_readings.CHECKS
    _only_known(only, known)
    work = bench_visit.measure_visits(visits) if name == "visit" else bench_readings.measure_readings(readings, only)
    try:
        checks = asyncio.run(until_told_to_stop(work))
    except DemoError as error:
        _fail(str(error))
    chosen = [check for check in checks if not only or check.name in only]
    rows = [(check.name, check.value, check.unit, check.goal, check.met, check.note) for check in chosen]
    _print_checks(("check", "value", "unit", "goal", "met", "note"), rows)
    _end_bench(name, json_file, [check.as_dict() for check in chosen])


def _bench_access(json_file: Path | None, only: tuple[str, ...]) -> NoReturn:
    from kiosk.accessbench.access_bench import measure_access
    from kiosk.accessbench.goals import all_checks

    _only_known(only, [check.name for _, check in all_checks()])
    checks = measure_access(only, lambda line: click.echo(line, err=True))
    rows = [(check.name, check.value, check.unit, check.goal, check.met, check.note) for check in checks]
    _print_checks(("check", "value", "unit", "goal", "met", "note"), rows)
    _end_bench("access", json_file, [check.as_dict() for check in checks])


def _bench_call(json_file: Path | None, only: tuple[str, ...], options: Options) -> NoReturn:
    from kiosk.callbench.call_bench import measure_calls
    from kiosk.callbench.conditions_table import CHECKS
    from kiosk.callbench.world import WorldError
    from kiosk.caredesk.demo import DemoError, until_told_to_stop

    _only_known(only, CHECKS)
    work = measure_calls(only, options, lambda line: click.echo(line, err=True))
    try:
        checks = asyncio.run(until_told_to_stop(work))
    except (WorldError, DemoError) as error:
        _fail(str(error))
    _print_checks(
        ("check", "value", "unit", "goal", "Chromium", "stock aiortc", "met", "note"),
        [(one.name, one.value, one.unit, one.goal, one.reference, one.stock, one.met, one.note) for one in checks],
    )
    _end_bench("call", json_file, [one.as_dict() for one in checks])


def _only_known(only: tuple[str, ...], known: Iterable[str]) -> None:
    if unknown := set(only) - set(known):
        raise click.UsageError(f"no check {', '.join(sorted(unknown))}; there are: {', '.join(known)}")


def _print_checks(titles: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    def shown(figure: object) -> str:
        return {True: "yes", False: "no"}[figure] if isinstance(figure, bool) else str(figure)

    table = Table(Column(titles[0], no_wrap=True), *titles[1:])
    for row in rows:
        table.add_row(*(shown(figure) for figure in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _end_bench(name: str, json_file: Path | None, checks: list[dict[str, str | float | bool | None]]) -> NoReturn:
    if json_file is not None:
        document = {"bench": name, "checks": checks}
        json_file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if all(check["met"] for check in checks) else 1)
