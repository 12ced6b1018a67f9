// The only way to include PostgreSQL: standard and Boost headers first (the server's
// headers redefine printf and friends), then the server's headers as C.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// Boost has to come before the server's macros.
#include <boost/container/small_vector.hpp>

extern "C" {
#include "postgres.h"
// Order matters from here on: postgres.h first, then fmgr.h.
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
}

#undef Min
#undef Max
#undef Abs
#undef LOG_
#undef gettext
#undef dgettext
#undef ngettext
#undef dngettext
