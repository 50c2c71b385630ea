# `cpack -G DEB`: one binary package that puts every file where Debian expects it.
