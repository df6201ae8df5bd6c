// Everything about starting a program that does not concern the loop: the search in PATH, the environment, the pipes. The
// launcher (launch.h) does the rest.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/runtime/process.h"
#include "launch.h"

namespace gatehouse::runtime::detail {

struct ChildPipes {
  UniqueFd input, output, errors;  // our ends, non-blocking, closed on exec
};

struct StartedChild {
  pid_t pid = -1;
  UniqueFd control;
  ChildPipes pipes;
};

// "NAME=value" for each variable: the daemon's PATH, HOME, LANG, TZ, TMPDIR, then the settings' over them.
std::vector<std::string> child_environment(const std::map<std::string, std::string>& extra);

// The file to execute: the program itself when it holds a slash, else the first executable file in an absolute entry
// of PATH.
Result<std::string> find_program(const std::string& program, const std::map<std::string, std::string>& extra);

// Waits until the program was executed or could not be.
Result<StartedChild> start_child(const ProcessSettings& settings);

}  // namespace gatehouse::runtime::detail
