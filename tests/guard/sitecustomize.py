"""Python runs this at its start where this folder is on PYTHONPATH: so every command that a test starts is guarded too."""

import loopback_only

loopback_only.install()
