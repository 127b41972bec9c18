"""The version of LightFM whose interface this is."""
__version__ = '1.17'
