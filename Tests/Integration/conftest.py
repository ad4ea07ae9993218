import pathlib

import jwt
import pytest

import backend as backends
import canaries
import gateway as gateways

make_token = jwt.encode
jwt.encode = lambda *arguments, **options: canaries.secret(make_token(*arguments, **options), "a token")


@pytest.fixture(scope="session", autouse=True)
def the_binary():
    try:
        return gateways.binary()
    except FileNotFoundError as problem:
        pytest.exit(str(problem), returncode=1)


@pytest.fixture
def launch(tmp_path_factory):
    """launch(config) starts a gateway for this test."""
    launcher = gateways.Launcher(tmp_path_factory)
    yield launcher
    launcher.stop_all()


@pytest.fixture(scope="module")
def launch_for_module(tmp_path_factory):
    """The same, for gateways that all tests of a file share."""
    launcher = gateways.Launcher(tmp_path_factory)
    yield launcher
    launcher.stop_all()


deaths = []
leaks = []


@pytest.fixture(autouse=True)
def nothing_died(request):
    """Whatever a test sent, the gateways it used are alive afterwards: for that, no test has a second try."""
    launchers = [request.getfixturevalue(name) for name in ("launch", "launch_for_module") if name in request.fixturenames]
    yield
    for launcher in launchers:
        for gateway in launcher.running:
            if gateway.process is not None and not getattr(gateway, "ended_on_purpose", False):
                try:
                    gateway.assert_alive()
                except AssertionError as death:
                    deaths.append(f"{request.node.nodeid}: {death}")
                    raise


def pytest_sessionfinish(session):
    leaks.extend(canaries.found())
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput.update(deaths=deaths, leaks=leaks)
    if deaths or leaks:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """A worker of a parallel run has ended."""
    output = getattr(node, "workeroutput", {})
    deaths.extend(output.get("deaths", []))
    leaks.extend(output.get("leaks", []))


def pytest_terminal_summary(terminalreporter):
    for death in deaths:
        terminalreporter.section("A gateway died", red=True)
        terminalreporter.line(death)
    if leaks:
        terminalreporter.section("A11: secrets in what gateways said", red=True)
    for leak in leaks:
        terminalreporter.line(leak)


@pytest.fixture
def backend():
    """A backend that answers 204 until the test sets `backend.answer`."""
    running = backends.Backend()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def client_file():
    """The stock JavaScript client."""
    path = gateways.REPOSITORY / "Config/demo/vendor/socket.io.min.js"
    if not path.exists():
        pytest.fail("the stock client is missing: run Deploy/client.sh")
    return path


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the last lines of the gateway's log."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for name in ("launch", "launch_for_module"):
            launcher = getattr(item, "funcargs", {}).get(name)
            for gateway in launcher.running if launcher else []:
                report.sections.append((f"log of {pathlib.Path(gateway.directory).name}", gateway.log(25)))
