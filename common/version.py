"""The version of this platform, told in its User-Agent, its API and its pages."""

VERSION = "0.1.0"
websignal_version = VERSION
