"""`python tests` runs the tests on the source beside them and reports on standard output."""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "src"))

unittest.main(
    module=None,
    argv=["tests", "discover", "--start-directory", str(HERE)],
    testRunner=unittest.TextTestRunner(stream=sys.stdout),
)
