"""The demo page in a real browser: Config/gateway.json, two tabs, no backend."""

import json
import os
import pathlib
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from gateway import REPOSITORY

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
DRIVER = shutil.which("chromedriver") or "/usr/bin/chromedriver"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> & <b>bold</b>"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def gateway(launch_for_module, client_file):
    """The demo as it is shipped; only the addresses and the paths are other ones."""
    config = json.loads((REPOSITORY / "Config/gateway.json").read_text())
    config.pop("$schema")
    for endpoint in config["endpoints"]:
        if "directory" in endpoint:
            endpoint["directory"] = str(REPOSITORY / "Config" / endpoint["directory"])
        if "serveClient" in endpoint:
            endpoint["serveClient"] = str(REPOSITORY / "Config" / endpoint["serveClient"])
    return launch_for_module(config)


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    folder = pathlib.Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    print(f"\nscreenshots: {folder}")


class Page:
    """One tab with the demo in it."""

    def __init__(self, browser, url):
        self.browser = browser
        browser.switch_to.new_window("tab")
        self.handle = browser.current_window_handle
        browser.get(url)

    def __enter__(self):
        self.browser.switch_to.window(self.handle)
        return self

    def __exit__(self, *_):
        pass

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).text

    def texts(self, selector):
        script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
        return self.browser.execute_script(script, selector)

    def wait(self, condition, what, seconds=10):
        with self:
            WebDriverWait(self.browser, seconds, 0.05).until(lambda _: condition(), what)

    def ready(self, transport="websocket"):
        self.wait(lambda: self.text("#connection") == "connected", "connected")
        self.wait(lambda: self.text("#transport") == transport, f"transport {transport}")
        return self

    def write(self, text, send=True):
        with self:
            self.find("#text").send_keys(text, *([Keys.ENTER] if send else []))

    def shot(self, folder, name):
        with self:
            self.browser.save_screenshot(str(folder / f"{name}.png"))

    def close(self):
        with self:
            self.browser.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1100,800",
                 "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
                 f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


@pytest.fixture
def open_page(browser, gateway):
    pages = []
    first = browser.current_window_handle

    def open_one(query, path=""):
        browser.switch_to.window(first)
        pages.append(Page(browser, f"http://127.0.0.1:{gateway.port}/{path}?{query}"))
        return pages[-1]

    yield open_one
    for page in pages:
        if page.handle in browser.window_handles:
            page.close()
    browser.switch_to.window(first)


def test_two_people_chat_and_see_the_transport_upgrade(open_page, shots):
    anna = open_page("name=Anna")
    anna.ready()
    with anna:
        assert anna.find("#transport").get_attribute("data-from") == "polling"
    boris = open_page("name=Boris").ready()

    boris.wait(lambda: boris.texts("#people li") == ["Anna", "Boris (you)"], "Boris sees who is there")
    anna.wait(lambda: anna.texts("#people li") == ["Anna (you)", "Boris"], "Anna sees who came")
    assert "Boris came in" in anna.texts("#messages li.note")

    boris.write("I am about to say", send=False)
    anna.wait(lambda: anna.text("#typing") == "Boris is typing …", "typing")
    anna.shot(shots, "typing")
    anna.wait(lambda: anna.text("#typing") == "", "typing ends by itself")

    boris.write(" hello")
    for page in (anna, boris):
        page.wait(lambda p=page: p.texts("#messages .text") == ["I am about to say hello"], "the message")
    anna.write("hello yourself")
    for page in (anna, boris):
        page.wait(lambda p=page: p.texts("#messages .text")[1:] == ["hello yourself"], "the answer")
    with anna:
        assert anna.texts("#messages li.mine .text") == ["hello yourself"]
        anna.shot(shots, "chat")

    boris.close()
    anna.wait(lambda: anna.texts("#people li") == ["Anna (you)"], "Boris is gone")
    assert "Boris left" in anna.texts("#messages li.note")


def test_rooms_are_separate_and_unread_messages_are_counted(open_page, shots):
    anna, boris = open_page("name=Anna").ready(), open_page("name=Boris").ready()
    with anna:
        anna.find("#room").send_keys("attic", Keys.ENTER)
    anna.wait(lambda: anna.text("#title") == "attic" and anna.texts("#people li") == ["Anna (you)"], "the attic")
    boris.write("only in the lobby")
    anna.wait(lambda: "1" in anna.texts("#rooms .count"), "an unread message")
    with anna:
        assert anna.texts("#messages .text") == []
        anna.shot(shots, "rooms")
        anna.find("#rooms button").click()
    anna.wait(lambda: anna.texts("#messages .text")[-1:] == ["only in the lobby"], "the lobby")
    with anna:
        anna.find("#leave").click()
    boris.wait(lambda: boris.texts("#people li") == ["Boris (you)"], "Anna left the lobby")


def test_what_people_write_is_text_and_never_markup(open_page, browser):
    anna = open_page("name=%3Cb%3EAnna").ready()
    anna.write(HOSTILE)
    anna.wait(lambda: anna.texts("#messages .text") == [HOSTILE], "the text as it was written")
    with anna:
        assert browser.title == "Gatehouse · rooms"
        assert browser.find_elements(By.CSS_SELECTOR, "#messages img, #people b, #messages .text b") == []


def test_a_client_without_websocket_stays_on_polling(open_page):
    anna = open_page("name=Anna&transports=polling").ready("polling")
    boris = open_page("name=Boris").ready()
    anna.write("from a poll")
    boris.wait(lambda: boris.texts("#messages .text") == ["from a poll"], "the message")


def test_the_page_fits_a_phone(open_page, browser, shots):
    page = open_page("name=Anna")
    with page:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
    page.ready()
    page.write("a message that is long enough to need more than one line on a phone, and a word " + "w" * 60)
    page.wait(lambda: len(page.texts("#messages .text")) == 1, "the message")
    with page:
        width = browser.execute_script("return document.documentElement.scrollWidth")
        page.shot(shots, "phone")
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        page.shot(shots, "phone-dark")
        assert width <= 360
        assert page.find("#text").is_displayed() and page.find("#say button").is_displayed()


def test_the_page_says_what_to_do_when_the_client_is_missing(open_page, browser):
    page = open_page("name=Anna")
    with page:
        browser.execute_cdp_cmd("Network.enable", {})
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*socket.io.min.js*"]})
        browser.refresh()
        page.wait(lambda: page.find("#missing").is_displayed(), "the notice")
        assert "Deploy/client.sh" in page.text("#missing")


def test_the_page_loads_nothing_from_elsewhere_and_logs_no_error(open_page, browser, gateway):
    page = open_page("name=Anna").ready()
    with page:
        browser.get_log("browser")
        browser.refresh()
    page.ready()
    with page:
        loaded = browser.execute_script("return performance.getEntriesByType('resource').map((one) => one.name)")
        assert all(url.startswith(f"http://127.0.0.1:{gateway.port}/") for url in loaded), loaded
        assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []


KINDS = {"socketio": "Socket.IO", "websocket": "WebSocket", "eventsource": "EventSource", "longpoll": "Long-polling"}


def open_kinds(open_page):
    page = open_page("", "kinds.html")
    for kind in KINDS:
        page.wait(lambda k=kind: page.text(f"#{k} .pill") == "connected", f"{kind} connected", 20)
    return page


def test_four_kinds_of_client_get_the_same_room_side_by_side(open_page, browser, shots):
    page, anna = open_kinds(open_page), open_page("name=Anna").ready()
    anna.wait(lambda: "Anna (you)" in anna.texts("#people li"), "Anna is in")
    anna.write(HOSTILE)
    said = [HOSTILE]
    for kind in ("socketio", "websocket", "longpoll"):
        with page:
            page.find(f"#{kind} input").send_keys(f"said by {kind}", Keys.ENTER)
        said.append(f"said by {kind}")
        for receiver in KINDS:
            page.wait(lambda r=receiver: page.texts(f"#{r} .text") == said, f"{receiver} got {said}")
        anna.wait(lambda: anna.texts("#messages .text") == said, "Anna got it")
    with page:
        names = page.texts("#eventsource .from b")
        assert names == ["Anna", "Socket.IO", "WebSocket", "Long-polling"]
        assert browser.find_elements(By.CSS_SELECTOR, "#eventsource input, .kind .text b, .kind img") == []
        page.shot(shots, "kinds")
        assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []


def test_four_kinds_of_client_come_back_after_being_sent_away(open_page, gateway):
    page = open_kinds(open_page)
    everybody = {"all": True}
    assert gateway.admin("POST", "/v1/actions", [{"do": "kick", "target": everybody}]).status == 200
    in_room = lambda: gateway.admin("GET", "/v1/rooms/room:lobby").json().get("sockets")
    page.wait(lambda: in_room() == 4, "four members", 20)
    gateway.emit(event="message", to={"rooms": ["room:lobby"]}, args=["lobby", {"name": "gateway", "text": "back?"}])
    for kind in KINDS:
        page.wait(lambda k=kind: page.texts(f"#{k} .text") == ["back?"], f"{kind} is back")


def test_four_kinds_of_client_fit_a_phone(open_page, browser, shots):
    page = open_page("", "kinds.html")
    with page:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
        browser.refresh()
    for kind in KINDS:
        page.wait(lambda k=kind: page.text(f"#{k} .pill") == "connected", f"{kind} connected", 20)
    with page:
        page.find("#longpoll input").send_keys("a word " + "w" * 60, Keys.ENTER)
    page.wait(lambda: len(page.texts("#eventsource .text")) == 1, "the message")
    with page:
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
        # Nothing reaches out of its column, or into the next one.
        assert browser.execute_script(
            "return [...document.querySelectorAll('.kind')].every((one) => one.scrollHeight <= one.clientHeight + 1)")
        page.shot(shots, "kinds-phone")
