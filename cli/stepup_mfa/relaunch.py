"""``python -m stepup_mfa.relaunch PIDFILE LOGFILE OPTION…``: kill -9 the mock that was started so before, if
any, and start it again in the background with the same options. Good as a ``--restart-command``.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path


def relaunch(pid_file: Path, log_file: Path, *options: str) -> int:
    """Start ``stepup-mfa mock`` with ``options``, its output appended to a log; return its process id."""
    kill(pid_file)
    with log_file.open("ab") as log:
        command = [sys.executable, "-m", "stepup_mfa", "mock", *options]
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    pid_file.write_text(str(process.pid), encoding="utf-8")
    return process.pid


def kill(pid_file: Path) -> None:
    """End the mock whose process id stands in the file, without giving it time to tidy up."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(pid_file.read_text(encoding="utf-8")), signal.SIGKILL)
        pid_file.unlink()


if __name__ == "__main__":
    relaunch(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
