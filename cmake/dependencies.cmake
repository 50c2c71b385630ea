# The libraries of Debian 12 that the daemon stands on. Each becomes one imported target, and a folder's
# library links only those it may know (daemon/<folder>/CMakeLists.txt).

find_package(PkgConfig REQUIRED)
pkg_check_modules(uv REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(pq REQUIRED IMPORTED_TARGET libpq>=15)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash>=0.8.1)
pkg_check_modules(crypto REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(confuse REQUIRED IMPORTED_TARGET libconfuse>=3.3)
pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd>=252)
