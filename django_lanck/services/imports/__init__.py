"""Import numbers that were verified elsewhere: by another provider, or in the site's own past."""
