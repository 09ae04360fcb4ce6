"""Measure the speed of each part on this machine, and compare it with the machine's limits.

Imports the pipeline and below.
"""
