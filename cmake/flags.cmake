# Compiler and linker flags shared by every target: warnings, hardening, sanitizers, coverage.

add_compile_options(
  -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
  -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla
  -Wdouble-promotion -Wnull-dereference -fno-common)
add_compile_definitions(_GNU_SOURCE)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wimplicit-fallthrough=5 -Wlogical-op -Wduplicated-cond -Wduplicated-branches)
else()
  add_compile_options(-Wimplicit-fallthrough)
endif()
if(ROLLCALL_WERROR)
  add_compile_options(-Werror)
endif()

if(ROLLCALL_HARDENING AND NOT ROLLCALL_SANITIZE)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE)
  if(CMAKE_BUILD_TYPE MATCHES "Rel")
    add_compile_definitions(_FORTIFY_SOURCE=2)
  endif()
  add_link_options(-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()

if(ROLLCALL_SANITIZE)
  add_compile_options(-fsanitize=${ROLLCALL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ROLLCALL_SANITIZE})
endif()

if(ROLLCALL_FUZZ) # the fuzz targets link libFuzzer itself (tests/fuzz/CMakeLists.txt)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
