// Problems inside other documents.
#pragma once

#include "gatehouse/acme/documents.h"
#include "json.h"

namespace gatehouse::acme {

Problem problem_from(const Json& object);  // whatever it holds

}  // namespace gatehouse::acme
