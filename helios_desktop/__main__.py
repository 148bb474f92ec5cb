"""`python -m helios_desktop`."""

import sys

from helios_desktop.app.main import main

sys.exit(main())
