"""The version, on its own so that it can be read without importing anything heavy."""

VERSION = "0.1.0"
