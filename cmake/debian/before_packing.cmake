# Runs in the staging directory just before it becomes a package.

find_program(shlibdeps dpkg-shlibdeps)
if(NOT shlibdeps)
  message(FATAL_ERROR "The package's dependencies are found by dpkg-shlibdeps; run: apt install dpkg-dev")
endif()

# Everybody can enter its directories, whatever the umask it is built with.
file(CHMOD_RECURSE ${CPACK_TEMPORARY_DIRECTORY} DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
