"""Imports the library and dies of an error."""

import python_payload  # noqa: F401
import supervisor_job  # noqa: F401

raise RuntimeError("boom")
