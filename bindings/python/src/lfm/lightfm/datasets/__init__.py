"""Data sets to try models on, as LightFM fetches them."""
from .movielens import fetch_movielens
from .stackexchange import fetch_stackexchange

__all__ = ['fetch_movielens', 'fetch_stackexchange']
