"""Whether what the last walk found still stands, so that one file of it can be looked at alone."""

import os

from reconciler.source.git_folder import checkout_under_way, enclosing
from reconciler.source.links import Links, still_lead
from reconciler.source.tree import Tree


def stands(tree: Tree) -> bool:
    """Tell whether Git is not at work, and every symlink still leads where it led."""
    return checkout_under_way(tree.git_folders) is None and still_lead(tree.links)


def stands_at(tree: Tree, place: str) -> bool:
    """Tell whether a file at a real path would be found there by its own name.

    Its folder is one that was listed, none of the folders above it is a symlink now, and Git has no
    other folder there.
    """
    folder = place.rpartition("/")[0] or "/"
    if folder not in tree.folders:
        return False
    git_folder = enclosing(folder, Links())
    same_git = git_folder is None or git_folder in tree.git_folders
    return same_git and os.path.realpath(folder) == folder
