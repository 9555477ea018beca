"""The version of the package, alone in its file so that nothing needs the package root to know it."""

VERSION = "0.1.0"
