"""Reads: files of YAML become manifests and problems, each value with its place."""
