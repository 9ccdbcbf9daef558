"""The nurse's page on its stage, for the tests of the page: real Chromium, Kamailio and sound card."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kiosk.caredesk.certificates import make_authority
from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.desk import Desk, Nurse, PageSettings
from kiosk.caredesk.kamailio import DigestAlgorithm, Kamailio, account
from kiosk.caredesk.sound_card import VirtualSoundCard
from tests.caredesk.browser_callee import BrowserCallee
from tests.caredesk.care_platform import CarePlatform
from tests.caredesk.nurse_stage import KIOSK, Stage, free_port


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    directory = tmp_path_factory.mktemp("desk")
    made = make_authority(directory / "certificates")
    accounts = [account(user, f"{user}-password", DigestAlgorithm.MD5) for user in ("stue", "kari", "ola", "annen")]
    kamailio = Kamailio(directory / "kamailio", made.certificate, made.key, accounts, free_port(), free_port())
    sound = VirtualSoundCard(directory)
    care = CarePlatform()
    await asyncio.gather(kamailio.start(), sound.start(), care.start())
    page = PageSettings(
        nurses=(
            Nurse("kari", "Kari Nordmann", "sip:kari@svar.example", "kari-password"),
            Nurse("ola", "Ola Hansen", "sip:ola@svar.example", "ola-password"),
        ),
        callee=KIOSK,
        websocket=kamailio.ws_address,
        patient="Patient/p-4711",
        patient_name="Pasient p-4711",
    )
    desk = Desk(free_port(), page, care.base_url)
    await desk.start()
    stage = Stage(desk, kamailio.ws_address, sound, care)
    await stage.browser.start(f"{desk.address}?caller=ola", sound.environment_nurse)
    yield stage
    await stage.browser.stop()
    await desk.stop()
    await asyncio.gather(kamailio.stop(), sound.stop(), care.stop())


@pytest_asyncio.fixture(loop_scope="module")
async def kari(stage: Stage) -> AsyncIterator[ChromiumNurse]:
    stage.care.observations.clear()
    nurse = await stage.browser.another(stage.desk.address)
    yield nurse
    errors = [line for line in nurse.console if line.startswith("pageerror")]
    await nurse.stop()
    assert errors == []


@pytest_asyncio.fixture(loop_scope="module")
async def kiosk(stage: Stage) -> AsyncIterator[BrowserCallee]:
    callee = await stage.callee()
    yield callee
    await callee.close()
