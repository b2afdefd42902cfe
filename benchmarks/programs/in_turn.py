"""Run the commands of a file one after another, and stop at the first that fails.

python in_turn.py FILE
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    for command in json.loads(Path(sys.argv[1]).read_text("utf-8")):
        code = subprocess.run(command, check=False).returncode
        if code:
            sys.exit(code)
