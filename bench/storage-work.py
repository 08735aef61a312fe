"""What is done to files in a home, timed from the outside: python3 storage-work.py WORK FOLDER; prints seconds."""

import os
import sys
import time

FILES = 500
BLOCK = os.urandom(4096)
MEGABYTE = os.urandom(1 << 20)


def name(number):
    return f"file-{number}"


def create():
    for number in range(FILES):
        with open(name(number), "wb") as file:
            file.write(BLOCK)


def stat():
    for number in range(FILES):
        os.stat(name(number))


def read():
    for number in range(FILES):
        with open(name(number), "rb") as file:
            assert len(file.read()) == len(BLOCK)


def unlink():
    for number in range(FILES):
        os.unlink(name(number))


def write_one():
    with open("large", "wb") as file:
        for _ in range(64):
            file.write(MEGABYTE)
        file.flush()
        os.fsync(file.fileno())


def read_one():
    with open("large", "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def tree():
    """A source tree as it is unpacked: 5,000 files of 1 to 16 kB in 250 folders."""
    for folder in range(250):
        os.makedirs(f"tree/{folder % 10}/{folder}")
        for number in range(20):
            with open(f"tree/{folder % 10}/{folder}/{number}.c", "wb") as file:
                file.write(MEGABYTE[: 1024 * (1 + (folder + number) % 16)])


def homes():
    """A thousand homes as `storage/homes` makes them: built aside, owned, renamed into place."""
    os.makedirs("making")
    os.makedirs("homes")
    for number in range(1000):
        home = f"making/{number}"
        os.mkdir(home, 0o700)
        for file in (".bashrc", ".profile"):
            with open(f"{home}/{file}", "wb") as out:
                out.write(BLOCK)
            os.chown(f"{home}/{file}", 10000 + number, 10000)
        os.chown(home, 10000 + number, 10000)
        os.rename(home, f"homes/{number}")


WORKS = {work.__name__: work for work in (create, stat, read, unlink, write_one, read_one, tree, homes)}

work, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
os.chdir(folder)
began = time.monotonic()
WORKS[work]()
print(time.monotonic() - began)
