"""The four programs beside one another: any of them may die, and catches up when it is back."""

from finguard.settings import DEVELOPMENT_PASSWORD
from tests.acceptance.programs import Program, Site
from tests.acceptance.whole import api_client, free_port, is_healthy
from tests.patience import wait_for

LOAD = ("producer.py", "--rate", "100", "--users", "3000", "--seed", "8", "--fraud-rate", "0.1")


def test_any_program_may_be_killed_and_catches_up(site: Site) -> None:
    """Each of the four is killed in turn while the others go on; in the end nothing is missing."""
    api, dashboard = free_port(), free_port()
    commands = {
        "producer": LOAD,
        "detector": ("detector.py",),
        "api": ("-m", "uvicorn", "api:app", "--port", str(api)),
        "dashboard": (
            *("-m", "streamlit", "run", "dashboard.py", "--server.headless", "true"),
            *("--server.address", "127.0.0.1", "--server.port", str(dashboard)),
        ),
    }
    running: dict[str, Program] = {}
    try:
        for name, command in commands.items():
            running[name] = site.start(*command)
        _wait_until_all_work(site, api, dashboard)
        for name, command in commands.items():
            running[name].kill()
            others = [program for other, program in running.items() if other != name]
            assert all(program.alive for program in others)
            running[name] = site.start(*command)
            _wait_until_all_work(site, api, dashboard)
            assert all(program.alive for program in others)
        running["producer"].terminate()
        running["producer"].expect_exit(0)
        site.wait_until_judged()
        assert site.effects() == site.oracle()
        assert _alerts_of_the_api(api) == len(site.effects()["alerts"])
    finally:
        for program in running.values():
            program.kill()


def _wait_until_all_work(site: Site, api: int, dashboard: int) -> None:
    wait_for(lambda: is_healthy(f"http://127.0.0.1:{api}/health"), "the API")
    wait_for(lambda: is_healthy(f"http://127.0.0.1:{dashboard}/_stcore/health"), "the dashboard")
    site.wait_for_progress()


def _alerts_of_the_api(port: int) -> int:
    with api_client(f"http://127.0.0.1:{port}/api/v1") as client:
        token = client.post(
            "/auth/token", data={"username": "admin", "password": DEVELOPMENT_PASSWORD}
        ).json()["access_token"]
        summary = client.get(
            "/stats/summary",
            params={"from": "1970-01-01T00:00:00Z"},
            headers={"Authorization": f"Bearer {token}"},
        )
    return int(summary.json()["alerts"])
