"""The account pages as a person meets them: in a browser, from the link in a mail."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service as ChromeDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.services import Service, serving
from tests.smtp_server import Inbox, smtp_server

BROWSER = Path("/usr/bin/chromium")
DRIVER = Path("/usr/bin/chromedriver")
WITHIN_SECONDS = 20

ADA = "ada@accounts.dev"
PASSWORD = "a long sentence is best"
NEW_PASSWORD = "another sentence is better"
WEAK_PASSWORD = "aaaaaaaaaaaaaaaaaaaa"

CONFIRMED = "Thank you: your address is confirmed. You can close this page and sign in."
CHANGED = "Your password is changed. You can close this page and sign in with the new one."
INCOMPLETE = "This link is not complete. Please copy the whole link from the message."


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with smtp_server() as inbox:
        yield inbox


@pytest.fixture
def service(sqlite_url: str, inbox: Inbox, tmp_path: Path) -> Iterator[Service]:
    settings = {
        "DATABASE_URL": sqlite_url,
        "SECRET_KEY": "a secret for the pages, long enough",
        "REGISTRATION_CONFIRMATION": "email",
        "MAILER": "smtp",
        "SMTP_URL": f"smtp://127.0.0.1:{inbox.port}",
    }
    with serving(tmp_path, **settings) as service:
        yield service


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    """With a profile of its own, and records of what it logged and asked for."""
    missing = [str(program) for program in (BROWSER, DRIVER) if not program.exists()]
    assert not missing, f"No {missing}: install the Debian packages chromium and chromium-driver."
    options = ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in (
        *("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-sync"),
        *("disable-background-networking", "disable-component-update", "disable-dev-shm-usage"),
        *(f"user-data-dir={tmp_path / 'profile'}", "window-size=800,600"),
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = Chrome(options, ChromeDriver(str(DRIVER)))
    try:
        yield browser
    finally:
        browser.quit()


def mailed_token(inbox: Inbox, page: str) -> str:
    """From the newest mail with a link to that page."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < deadline:
        for mail in reversed(inbox.mails):
            body = mail.get_body(("plain",))
            assert body is not None
            if found := re.search(rf"/account/{page}#token=([\w-]+)", body.get_content()):
                return found[1]
        time.sleep(0.05)
    raise AssertionError(f"no mail with a link to /account/{page}")


def open_page(browser: Chrome, service: Service, page: str, token: str) -> None:
    # A change of the fragment alone would not load the page again.
    browser.get("about:blank")
    browser.get(f"{service.url}/account/{page}#token={token}")
    assert browser.current_url == f"{service.url}/account/{page}"


def status(browser: Chrome) -> str:
    return browser.find_element(By.ID, "status").text


def answer_to_submit(browser: Chrome) -> str:
    """What the live region says once the answer is there."""
    browser.find_element(By.CSS_SELECTOR, "button").click()
    WebDriverWait(browser, WITHIN_SECONDS).until(
        lambda _: status(browser) not in ("", "One moment ...")
    )
    return status(browser)


def type_password(browser: Chrome, password: str) -> None:
    field = browser.find_element(By.ID, "password")
    field.clear()
    field.send_keys(password)


def check_accessible(browser: Chrome) -> None:
    facts = browser.execute_script(
        """
        const region = document.getElementById("status");
        return {
          lang: document.documentElement.lang,
          live: [region.getAttribute("role"), region.getAttribute("aria-live")],
          labelled: [...document.querySelectorAll("input")].every(
            (field) => field.labels.length && document.getElementById(
              field.getAttribute("aria-describedby"))),
          fits: document.documentElement.scrollWidth <= innerWidth,
          styled: getComputedStyle(document.body).maxWidth,
        };
        """
    )
    assert facts == {
        "lang": "en",
        "live": ["status", "polite"],
        "labelled": True,
        "fits": True,
        "styled": "512px",
    }


def signed_in(service: Service, password: str) -> httpx.Response:
    login = {"email": ADA, "password": password}
    return httpx.post(f"{service.url}/api/v1/auth/login", json=login)


def check_closed(browser: Chrome, refused: int) -> None:
    """Nothing on the console but the refusals asked for, and nobody else was asked for anything."""
    logged = browser.get_log("browser")  # type: ignore[no-untyped-call]
    # Chromium's advice on forms is on DEBUG; a breach of the policy or an error is not.
    console = [entry["message"] for entry in logged if entry["level"] != "DEBUG"]
    assert len(console) == refused, console
    assert all("the server responded with a status of 4" in line for line in console), console
    messages = [
        json.loads(entry["message"])["message"]
        for entry in browser.get_log("performance")  # type: ignore[no-untyped-call]
    ]
    asked = [
        urlsplit(message["params"]["request"]["url"])
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    # The browser's own first tab is made of these; they never reach a network.
    inside = {"about", "chrome", "chrome-untrusted", "data"}
    assert {url.hostname for url in asked if url.scheme not in inside} == {"127.0.0.1"}


@pytest.mark.proof
def test_links_from_mails_work_in_a_browser(
    browser: Chrome, service: Service, inbox: Inbox, tmp_path: Path
) -> None:
    account = {"email": ADA, "name": "Ada", "password": PASSWORD}
    assert httpx.post(f"{service.url}/api/v1/users", json=account).status_code == 202

    verification = mailed_token(inbox, "verify")
    assert signed_in(service, PASSWORD).status_code == 403
    open_page(browser, service, "verify", verification)
    check_accessible(browser)
    browser.save_screenshot(str(tmp_path / "verify.png"))
    assert answer_to_submit(browser) == CONFIRMED
    assert not browser.find_element(By.CSS_SELECTOR, "form").is_displayed()
    browser.save_screenshot(str(tmp_path / "verified.png"))
    tokens = signed_in(service, PASSWORD).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    me = httpx.get(f"{service.url}/api/v1/users/me", headers=headers).json()
    assert me["email_verified"] is True

    open_page(browser, service, "verify", verification)
    used = answer_to_submit(browser)
    assert used not in (CONFIRMED, "")

    httpx.post(f"{service.url}/api/v1/auth/password/forgot", json={"email": ADA})
    recovery = mailed_token(inbox, "reset")
    open_page(browser, service, "reset", recovery)
    check_accessible(browser)
    type_password(browser, WEAK_PASSWORD)
    weak = answer_to_submit(browser)
    assert "password" in weak.casefold()
    browser.save_screenshot(str(tmp_path / "weak.png"))
    type_password(browser, NEW_PASSWORD)
    browser.find_element(By.CSS_SELECTOR, "button").click()
    WebDriverWait(browser, WITHIN_SECONDS).until(lambda _: status(browser) == CHANGED)
    browser.save_screenshot(str(tmp_path / "reset.png"))
    assert signed_in(service, PASSWORD).status_code == 401
    assert signed_in(service, NEW_PASSWORD).status_code == 200

    open_page(browser, service, "reset", recovery)
    type_password(browser, PASSWORD)
    assert answer_to_submit(browser) == used
    assert signed_in(service, PASSWORD).status_code == 401

    browser.get(f"{service.url}/account/reset")
    browser.refresh()
    assert status(browser) == INCOMPLETE

    check_closed(browser, refused=3)
    log = service.log.read_text()
    assert "/account/verify" in log
    assert verification not in log
    assert recovery not in log
