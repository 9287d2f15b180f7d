"""Calibration and thresholds."""
