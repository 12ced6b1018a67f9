// C++ objects that belong to a memory context: destroyed with it, whatever error ends it.
#pragma once

#include "search_assign/pg/boundary.hpp"

namespace search_assign::pg {

// new_in_memory_context makes an object that lives as long as the current memory context.
template <class T>
T* new_in_memory_context() {
  auto* callback = static_cast<MemoryContextCallback*>(palloc0(sizeof(MemoryContextCallback)));
  T* object = nullptr;
  compute([&] { object = new T; });
  callback->func = [](void* owned) { delete static_cast<T*>(owned); };
  callback->arg = object;
  MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
  return object;
}

}  // namespace search_assign::pg
