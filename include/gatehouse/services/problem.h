// What is wrong with the services as configured, for the loader to show with its place in the file.
#pragma once

#include <string>

namespace gatehouse::services {

struct Problem {
  std::string path;        // "services.worker.depends_on.postgress"
  std::string slug;
  std::string message;     // without a full stop
  std::string suggestion;  // "did you mean 'postgres'?", or empty
};

}  // namespace gatehouse::services
