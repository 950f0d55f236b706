%% The models of whole dicts, lists and locks are judged by histories made by hand.
-module(linear_whole_tests).

-include_lib("eunit/include/eunit.hrl").

%% {Process, Op, Arguments, Result, Invoked, Returned}, all on one thing.
history(Operations) ->
    linear_kind:completed([#{process => Process, key => <<"k">>, op => Op, arg => Arguments, result => Result,
                             invoked => Invoked, returned => Returned}
                           || {Process, Op, Arguments, Result, Invoked, Returned} <- Operations]).

good_test_() ->
    [{Name, ?_assertEqual(ok, linear:check(history(Operations), linear_kind:model(Kind)))}
     || {Name, Kind, Operations} <- good()].

bad_test_() ->
    [{Name, ?_assertMatch({violation, _}, linear:check(history(Operations), linear_kind:model(Kind)))}
     || {Name, Kind, Operations} <- bad()].

good() ->
    [{"a batch is there, or not", dict, [{a, set_many, [[{x, 1}, {y, 1}]], ok, 1, 9}, {b, items, [], [], 2, 3},
                                         {b, get_many, [[x, y]], [{x, 1}, {y, 1}], 4, 5}]},
     {"one of two claims", dict, [{a, put_new, [x, 1], true, 1, 5}, {b, put_new, [x, 2], false, 1, 5},
                                  {c, take, [x], 1, 6, 9}, {d, take, [x], missing, 6, 9}]},
     {"a sum of all", dict, [{a, add, [x, 1], 2, 1, 5}, {b, add, [x, 1], 1, 1, 5}, {c, cas, [x, 2, 7], ok, 6, 7},
                             {c, swap, [x, {value, 5}], 7, 8, 9}, {c, add, [x, 1], not_an_integer, 10, 11}]},
     {"a cas that fails makes no key", dict, [{a, cas, [x, 3, 1], {other, 0}, 1, 2}, {a, size, [], 0, 3, 4}]},
     {"keys in their order", dict, [{a, set, [x, 1], ok, 1, 2}, {a, set, [y, 1], ok, 3, 4}, {a, set, [x, 2], ok, 5, 6},
                                    {a, items, [], [{x, 2}, {y, 1}], 7, 8}, {a, popitem, [], {y, 1}, 9, 10}]},
     {"a transaction", dict, [{a, set, [x, 1], ok, 1, 2}, {a, transaction, [[{copy, x, y}, {inc, x, 2}]], [1, 1], 3, 4},
                              {a, abort, [[{get, x}, {del, x}]], {aborted, [3, ok]}, 5, 6},
                              {a, items, [], [{x, 3}, {y, 1}], 7, 8}]},
     {"an unanswered transaction, seen", dict, [{a, transaction, [[{put, x, 1}]], unknown, 1, infinity},
                                                {b, get, [x], 1, 2, 3}]},
     {"gone in time", dict, [{a, set_ttl, [x, 1, 1, tag], ok, 0, 100}, {b, get, [x], 1, 200, 1000050},
                             {b, get, [x], missing, 1000060, 1000070}, {b, get, [x], missing, 1000101, 1000102}]},
     {"set again, it stays", dict, [{a, set_ttl, [x, 1, 1, tag], ok, 0, 100}, {a, set, [x, 1], ok, 200, 300},
                                    {b, get, [x], 1, 2000000, 2000001}]},
     {"a list", list, [{a, append, [1], ok, 1, 5}, {b, append, [2], ok, 1, 5}, {a, items, [], [2, 1], 6, 7},
                       {a, insert, [9, 3], ok, 8, 9}, {b, pop, [], 3, 10, 14}, {a, pop, [], 1, 10, 14},
                       {a, pop_at, [1], missing, 15, 16}, {a, del_at, [0], ok, 17, 18}, {a, pop, [], missing, 19, 20}]},
     {"a lock goes on", lock, [{a, turn, [a, 0], {locked, 3}, 1, 2}, {b, turn, [b, 0], busy, 3, 4},
                               {a, turn, [a, 0], unlocked, 5, 9}, {b, turn, [b, 0], {locked, 4}, 6, 8},
                               {a, leave, [a, 0], nothing, 10, 11}, {b, leave, [b, 0], unlocked, 10, 11}]}].

bad() ->
    [{"half a batch", dict, [{a, set_many, [[{x, 1}, {y, 1}]], ok, 1, 9}, {b, items, [], [{x, 1}], 2, 3}]},
     {"read singly", dict, [{a, set_many, [[{x, 1}, {y, 1}]], ok, 1, 2}, {a, set_many, [[{x, 2}, {y, 2}]], ok, 3, 9},
                            {b, get_many, [[x, y]], [{x, 1}, {y, 2}], 4, 8}]},
     {"two claims", dict, [{a, put_new, [x, 1], true, 1, 5}, {b, put_new, [x, 2], true, 1, 5}]},
     {"taken twice", dict, [{a, set, [x, 1], ok, 1, 2}, {a, take, [x], 1, 3, 9}, {b, take, [x], 1, 3, 9}]},
     {"a lost addition", dict, [{a, add, [x, 1], 1, 1, 5}, {b, add, [x, 1], 1, 1, 5}]},
     {"two swaps get one", dict, [{a, swap, [x, 1], 0, 1, 5}, {b, swap, [x, 2], 0, 1, 5}]},
     {"two cas of one value", dict, [{a, cas, [x, 0, 1], ok, 1, 5}, {b, cas, [x, 0, 1], true, 1, 5}]},
     {"a cas that fails makes a key", dict, [{a, cas, [x, 3, 1], false, 1, 2}, {a, size, [], 1, 3, 4}]},
     {"half a clear", dict, [{a, set_many, [[{x, 1}, {y, 1}]], ok, 1, 2}, {a, clear, [], ok, 3, 9}, {b, size, [], 1, 4, 5}]},
     {"write skew", dict, [{a, transaction, [[{get, x}, {put, y, 1}]], [missing, ok], 1, 9},
                           {b, transaction, [[{get, y}, {put, x, 1}]], [missing, ok], 1, 9}]},
     {"an aborted one is seen", dict, [{a, abort, [[{put, x, 1}]], {aborted, [ok]}, 1, 9}, {b, get, [x], 1, 2, 3}]},
     {"another key's place", dict, [{a, set, [x, 1], ok, 1, 2}, {a, set, [y, 1], ok, 3, 4}, {a, set, [x, 2], ok, 5, 6},
                                    {a, items, [], [{y, 1}, {x, 2}], 7, 8}]},
     {"seen after its time", dict, [{a, set_ttl, [x, 1, 1, tag], ok, 0, 100}, {b, get, [x], 1, 1000101, 1000102}]},
     {"gone before its time", dict, [{a, set_ttl, [x, 1, 1, tag], ok, 0, 100}, {b, get, [x], missing, 200, 300}]},
     {"a lost append", list, [{a, append, [1], ok, 1, 5}, {b, append, [2], ok, 1, 5}, {a, size, [], 1, 6, 7}]},
     {"popped twice", list, [{a, append, [1], ok, 1, 2}, {a, pop, [], 1, 3, 9}, {b, pop, [], 1, 3, 9}]},
     {"two holders", lock, [{a, turn, [a, 0], {locked, 3}, 1, 2}, {b, turn, [b, 0], {locked, 4}, 3, 4}]},
     {"an old number", lock, [{a, turn, [a, 0], {locked, 3}, 1, 2}, {a, turn, [a, 0], unlocked, 3, 4},
                              {b, turn, [b, 0], {locked, 3}, 5, 6}]},
     {"busy though free", lock, [{a, turn, [a, 0], busy, 1, 2}]},
     {"unlocked by another", lock, [{a, turn, [a, 0], {locked, 3}, 1, 2}, {b, turn, [b, 0], unlocked, 3, 4}]}].
