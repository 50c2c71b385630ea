# Turns the files of sql/ into C: cmake -D FOLDER=sql -D OUTPUT=embedded.c -P embed_sql.cmake
#
# Writes the tables that daemon/postgres/sql.h declares, one struct sql_text a file. Text is carried over byte by byte
# as string literals, a line each, so that the generated file can be read beside its source.

cmake_minimum_required(VERSION 3.25)

function(sql_literal path result)
  file(READ ${path} text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "?" "\\?" text "${text}") # no trigraphs
  string(REPLACE "\n" "\\n\"\n        \"" text "${text}")
  set(${result} "\"${text}\"" PARENT_SCOPE)
endfunction()

function(sql_table name paths)
  set(rows "")
  foreach(path IN LISTS paths)
    get_filename_component(stem ${path} NAME_WE)
    sql_literal(${path} literal)
    string(APPEND rows "    {\"${stem}\",\n        ${literal}},\n")
  endforeach()
  file(APPEND ${OUTPUT}.new "\nconst struct sql_text ${name}[] = {\n${rows}    {NULL, NULL}};\n")
endfunction()

function(sql_folder folder)
  file(GLOB paths ${FOLDER}/${folder}/*.sql) # sorted by name
  sql_table(sql_${folder} "${paths}")
endfunction()

function(sql_ordered_folder folder)
  file(STRINGS ${FOLDER}/${folder}/order.txt names)
  list(TRANSFORM names PREPEND ${FOLDER}/${folder}/ OUTPUT_VARIABLE paths)
  list(TRANSFORM paths APPEND .sql)
  file(GLOB present ${FOLDER}/${folder}/*.sql)
  list(REMOVE_ITEM present ${paths})
  if(present)
    message(FATAL_ERROR "${FOLDER}/${folder}/order.txt does not name ${present}")
  endif()
  sql_table(sql_${folder} "${paths}")
endfunction()

file(WRITE ${OUTPUT}.new "/* Made from sql/ by cmake/embed_sql.cmake. */\n#include \"postgres/sql.h\"\n")
sql_folder(migrations)
sql_ordered_folder(views)
sql_folder(queries)
sql_folder(reports)
sql_folder(templates)
file(RENAME ${OUTPUT}.new ${OUTPUT})
