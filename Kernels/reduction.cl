// reduction — one float per item to one per group, in every item: sum and maximum.
//
//   GROUP items of one dimension; parts is local memory of GROUP floats, free again on return. Halving, so that the order
//   of a sum depends on GROUP alone. All items of the group must call.

#ifndef GROUP
  #define GROUP 64       // items; a power of two
#endif
#if (GROUP & (GROUP - 1)) != 0
  #error "reduction: GROUP must be a power of two"
#endif

#if GROUP == 1
  #define group_sum(part, parts, item) (part)
  #define group_max(part, parts, item) (part)
#else
  #define GROUP_REDUCTION(name, combine)                                                    \
    static inline float name(float part, __local float *parts, int item) {                  \
      parts[item] = part;                                                                    \
      barrier(CLK_LOCAL_MEM_FENCE); /* all parts written before any is combined */           \
      for (int half_group = GROUP / 2; half_group > 0; half_group /= 2) {                    \
        if (item < half_group) parts[item] = combine(parts[item], parts[item + half_group]); \
        barrier(CLK_LOCAL_MEM_FENCE); /* this round written before the next reads it */      \
      }                                                                                      \
      const float result = parts[0];                                                         \
      barrier(CLK_LOCAL_MEM_FENCE); /* read by all before the parts are used again */        \
      return result;                                                                         \
    }
  #define REDUCTION_ADD(a, b) ((a) + (b))
GROUP_REDUCTION(group_sum, REDUCTION_ADD)
GROUP_REDUCTION(group_max, fmax)
#endif
