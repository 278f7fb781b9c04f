"""``aftercall bench``: measures on a database, and where need be an Asterisk, made for it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from aftercall.terminal import say
from followup.errors import InvalidInput
from followup.log import configure
from followup.settings import Settings, load_settings


def bench(name: Annotated[str, typer.Argument(help="which benchmark; see bench/README.md")],
          as_json: Annotated[bool, typer.Option("--json")] = False,
          quick: Annotated[bool, typer.Option(
              "--quick", help="speech: on a part; ivr, pacing, recordings: little, to see it work",
          )] = False,
          audio: Annotated[Path | None, typer.Option(help="speech: recordings")] = None,
          model: Annotated[list[str] | None, typer.Option(
              help="speech: LANGUAGE=FOLDER of a model; may repeat")] = None,
          tuning: Annotated[bool, typer.Option(
              "--tuning", help="speech: on the speakers kept for tuning")] = False,
          scenario: Annotated[Path | None, typer.Option(
              help="pacing: a scenario of your own, TOML or JSON")] = None,
          days: Annotated[int | None, typer.Option(min=1, help="pacing: default 200")] = None,
          seed: Annotated[int, typer.Option(min=0, help="pacing, pages")] = 1,
          patients: Annotated[int, typer.Option(
              min=100, help="pages: so many, made for it")] = 20_000,
          data: Annotated[Path | None, typer.Option(
              help="pages, recordings-list, spot-checks: a data folder to keep, and to measure "
                   "again")] = None) -> None:
    """Measure something, on a database and an Asterisk of its own where it needs them."""
    from aftercall.reaper import end_with_us
    from aftercall.roles.stopping import until_stopped
    from bench import ALONE, BENCHES, TEXTS
    from bench.options import Options, parse_models

    names = (*BENCHES, *ALONE, "ivr", "pages", "recordings")
    if name not in names:
        raise InvalidInput(f"name = {name!r}: expected {', '.join(names)}", field="name")
    configure("error", "auto")
    end_with_us()
    result: dict[str, Any] = {}

    async def work() -> None:
        if name == "ivr":
            result.update(await _ivr(quick))
        elif name == "recordings":
            result.update(await _recordings(quick))
        elif name == "pages":
            result.update(await _pages(patients, seed, data))
        elif name in ALONE:
            result.update(await ALONE[name](Options(
                quick, audio, parse_models(model or ()), load_settings().models_dir, tuning,
                scenario, days, seed)))
        else:
            result.update(await _on_database(name, data))

    asyncio.run(until_stopped(work))
    if not result:
        raise typer.Exit(130)                    # stopped half-way: there is nothing to tell
    if as_json:
        print(json.dumps(result))
    elif name in TEXTS:
        print("\n".join(TEXTS[name](result)))
    else:
        for key, value in result.items():
            print(f"{key:40} {value}")


async def _ivr(quick: bool) -> dict[str, Any]:
    from aftercall.bench_stage import bench_ivr
    from bench.ivr.plan import FULL, QUICK

    return await bench_ivr(QUICK if quick else FULL, say)


async def _recordings(quick: bool) -> dict[str, Any]:
    from aftercall.bench_recordings_stage import bench_recordings
    from bench.recordings import FULL, QUICK

    return await bench_recordings(QUICK if quick else FULL, say)


async def _pages(patients: int, seed: int, data: Path | None) -> dict[str, Any]:
    from aftercall.house import running_database
    from bench.pages import measure
    from bench.seed import has_patients, plant

    with TemporaryDirectory(prefix="aftercall-bench-") as folder:
        settings = Settings(data_dir=data or Path(folder), database={"url": None})
        async with running_database(settings, say) as (database, _):
            if not await has_patients(database):
                say(f"making {patients} patients")
                await plant(database, patients, seed=seed)
            return await measure(database)


async def _on_database(name: str, data: Path | None) -> dict[str, Any]:
    from aftercall.house import running_database
    from bench import BENCHES

    with TemporaryDirectory(prefix="aftercall-bench-") as folder:
        settings = Settings(data_dir=data or Path(folder), database={"url": None})
        async with running_database(settings, say) as (database, _):
            return await BENCHES[name](database)
