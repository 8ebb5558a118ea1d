"""Prices of a basket, in cents."""
