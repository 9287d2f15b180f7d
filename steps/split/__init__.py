"""Dividing titles into train, validation and test."""
