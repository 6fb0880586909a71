"""Closed loops on tables of reactions that look for the largest yield."""
