"""Levels of OpenToonz and Tahoma2D (.tlv): numbered drawings in one file, whose pixels name styles of a palette."""
