"""The Procfile and the policy by which its programs are restarted."""

from devstack.layout import CHECKOUT
from devstack.supervisor import LONGEST_DELAY_S, read_procfile, restart_delay_s


def test_the_projects_procfile_runs_the_four_programs() -> None:
    """`make demo` starts what the README tells people to start by hand."""
    commands = read_procfile((CHECKOUT / "Procfile").read_text(encoding="utf-8"))
    assert list(commands) == ["producer", "detector", "api", "dashboard"]
    assert commands["producer"].startswith("python producer.py")
    assert commands["detector"].startswith("python detector.py")
    assert commands["api"].startswith("uvicorn api:app")
    assert commands["dashboard"].startswith("streamlit run dashboard.py")


def test_a_procfile_may_have_comments_and_empty_lines() -> None:
    """The form is that of Heroku, Foreman and honcho."""
    text = "# all of it\n\nweb: serve --port 80: x\n  \nwork-er_2:\tdo it\nbroken:\n"
    assert read_procfile(text) == {"web": "serve --port 80: x", "work-er_2": "do it"}


def test_the_delay_grows_up_to_a_limit() -> None:
    """A program that keeps dying is restarted ever more slowly, but never forgotten."""
    delays_s = [restart_delay_s(deaths) for deaths in range(1, 9)]
    assert delays_s[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert delays_s[-1] == LONGEST_DELAY_S
