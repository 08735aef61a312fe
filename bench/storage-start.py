"""Starts XFCE or Firefox with a home, timed until it is there: python3 storage-start.py PROGRAM HOME; prints seconds."""

import os
import shutil
import signal
import subprocess
import sys
import time

SCREEN = ":7"
PATIENCE = 180

program, home = sys.argv[1:]
os.makedirs(home, mode=0o700, exist_ok=True)
shutil.rmtree("/tmp/run", ignore_errors=True)
os.makedirs("/tmp/run", mode=0o700)
surroundings = {
    "PATH": os.environ["PATH"],
    "HOME": home,
    "USER": "root",
    "LANG": "C.UTF-8",
    "XDG_RUNTIME_DIR": "/tmp/run",
    "NO_AT_BRIDGE": "1",
}


def quiet(args, **more):
    return subprocess.Popen(
        args, env={**surroundings, **more}, cwd=home, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def until(what, is_there):
    end = time.monotonic() + PATIENCE
    while not is_there():
        if time.monotonic() > end:
            raise SystemExit(f"{what}: not within {PATIENCE} s")
        time.sleep(0.02)


def windows():
    """The names of all windows that are shown."""
    told = subprocess.run(
        ["xwininfo", "-root", "-tree", "-display", SCREEN], capture_output=True, text=True, env=surroundings, check=False
    )
    return told.stdout


def xfce():
    """Until panel and desktop, what a person takes for XFCE, have their windows."""
    display = quiet(["Xvnc", SCREEN, "-SecurityTypes=None", "-localhost", "-geometry", "1280x800"])
    try:
        until("Xvnc", lambda: os.path.exists("/tmp/.X11-unix/X7"))
        began = time.monotonic()
        session = quiet(["dbus-run-session", "--", "xfce4-session"], DISPLAY=SCREEN)
        until("XFCE", lambda: all(name in windows() for name in ('"xfce4-panel"', '"Desktop"')))
        took = time.monotonic() - began
        # What it writes after its start belongs to the next one.
        time.sleep(3)
        end(session)
        return took
    finally:
        end(display)


def firefox():
    """From the start to the picture of an empty page, and its end: profile and all."""
    picture = "/tmp/picture.png"
    if os.path.exists(picture):
        os.unlink(picture)
    began = time.monotonic()
    browser = quiet(["firefox-esr", "--headless", "--screenshot", picture, "about:blank"], MOZ_HEADLESS="1")
    browser.wait(PATIENCE)
    if not os.path.exists(picture):
        raise SystemExit(f"Firefox ended with {browser.returncode} and without a picture")
    return time.monotonic() - began


def end(process):
    """With all that it started."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
        except ProcessLookupError:
            return
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue


print({"xfce": xfce, "firefox": firefox}[program]())
