"""Makes the pictures in docs/images: `python -m tests.screenshots`, or `make screenshots`."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Error, sync_playwright
from tqdm import tqdm

from devstack import running_stack
from devstack.chromium import ARGUMENTS, NO_BROWSER, find_browser
from tests.acceptance.programs import Site
from tests.acceptance.whole import running_whole
from tests.conftest import clone_database, make_template
from tests.screenshots.camera import Camera
from tests.screenshots.scene import LIVE, furnish
from tests.screenshots.shots import EMPTY, LOOKS, furnished

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def main() -> int:
    """Take every page without data, then with data, each in every look."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("only", nargs="*", help="names of pictures without a look; all if none")
    only: set[str] = set(parser.parse_args().only)
    browser_path = find_browser()
    if browser_path is None:
        sys.stderr.write(f"error: {NO_BROWSER}\n")
        return 1
    IMAGES.mkdir(exist_ok=True)
    # The folder goes last: what runs in it has to end first.
    with TemporaryDirectory(prefix="finguard-screenshots-") as name, ExitStack() as open_:
        folder = Path(name)
        stack = open_.enter_context(running_stack(folder / "stack"))
        template = make_template(stack)
        playwright = open_.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=str(browser_path), args=list(ARGUMENTS)
        )
        open_.callback(browser.close)

        site = Site(stack, clone_database(stack, template), folder)
        with running_whole(site, None) as whole:
            _take(Camera(browser, whole.dashboard, IMAGES), _chosen(EMPTY, only))

        site = Site(stack, clone_database(stack, template), folder)
        with running_whole(site, LIVE) as whole:
            found = furnish(whole)
            _take(Camera(browser, whole.dashboard, IMAGES), _chosen(furnished(found), only))
    return 0


def _chosen(shots: dict[str, str], only: set[str]) -> dict[str, str]:
    return {name: address for name, address in shots.items() if not only or name in only}


def _take(camera: Camera, shots: dict[str, str]) -> None:
    with tqdm(total=len(shots) * len(LOOKS), unit="picture") as progress:
        for look in LOOKS:
            with camera.looking(look) as take:
                for name, address in shots.items():
                    progress.set_description(f"{name}{look.suffix}")
                    take(name, address)
                    progress.update()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Error, AssertionError) as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
