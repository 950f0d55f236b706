%% The judge of the linearizability tests is judged: histories made by hand, and those of simulated registers,
%% right and wrong.
-module(linear_tests).

-include_lib("eunit/include/eunit.hrl").

%% {Process, Op, Arg, Result, Invoked, Returned}, all on one key.
history(Operations) ->
    [#{process => Process, key => <<"k">>, op => Op, arg => Arg, result => Result, invoked => Invoked,
       returned => Returned} || {Process, Op, Arg, Result, Invoked, Returned} <- Operations].

good_test_() ->
    [{Name, ?_assertEqual(ok, linear:check(history(Operations)))} || {Name, Operations} <- good()].

bad_test_() ->
    [{Name, ?_assertMatch({violation, #{key := <<"k">>}}, linear:check(history(Operations)))}
     || {Name, Operations} <- bad()].

good() ->
    [{"nothing", []},
     {"missing at first", [{a, get, none, missing, 1, 2}, {a, contains, none, false, 3, 4},
                           {a, del, none, missing, 5, 6}]},
     {"one after the other", [{a, set, 1, ok, 1, 2}, {b, get, none, {value, 1}, 3, 4}, {b, del, none, ok, 5, 6},
                              {a, get, none, missing, 7, 8}]},
     {"either of two at once", [{a, set, 1, ok, 1, 4}, {b, set, 2, ok, 1, 4}, {a, get, none, {value, 1}, 5, 6}]},
     {"seen before it returns", [{a, set, 1, ok, 1, 9}, {b, get, none, {value, 1}, 2, 3},
                                 {c, get, none, {value, 1}, 4, 5}]},
     {"a time that both share is no order", [{a, set, 1, ok, 1, 5}, {b, get, none, missing, 5, 6}]},
     {"old and new while the write lasts", [{a, set, 1, ok, 1, 9}, {b, get, none, missing, 2, 3},
                                            {b, get, none, {value, 1}, 4, 5}]},
     {"unanswered and never done", [{a, set, 1, unknown, 1, infinity}, {b, get, none, missing, 2, 3},
                                    {b, get, none, missing, 8, 9}]},
     {"unanswered and done much later", [{a, set, 1, unknown, 1, infinity}, {a, set, 2, ok, 2, 3},
                                         {b, get, none, {value, 2}, 4, 5},
                                         {b, get, none, {value, 1}, 6, 7}]},
     {"an unanswered delete", [{a, set, 1, ok, 1, 2}, {a, del, none, unknown, 3, infinity},
                               {b, get, none, {value, 1}, 4, 5},
                               {b, get, none, missing, 6, 7}]},
     {"an unanswered read", [{a, set, 1, ok, 1, 2}, {a, get, none, unknown, 3, infinity},
                             {b, del, none, deleted, 4, 5}]},
     {"delete and contains at once", [{a, set, 1, ok, 1, 2}, {a, del, none, deleted, 3, 9},
                                      {b, contains, none, true, 4, 5},
                                      {b, contains, none, false, 6, 7}]},
     {"there because of an unanswered set", [{a, set, 1, unknown, 1, infinity}, {b, contains, none, true, 2, 3}]},
     {"the same value again", [{a, set, 1, ok, 1, 2}, {a, set, 2, ok, 3, 4}, {a, set, 1, ok, 5, 6},
                               {b, get, none, {value, 1}, 7, 8}]},
     %% the read that goes first must not be tied to the first write tried
     {"needs a step back", [{a, set, 1, ok, 1, 20}, {b, set, 2, ok, 1, 20}, {c, get, none, {value, 2}, 2, 3},
                            {c, get, none, {value, 1}, 4, 5}, {d, get, none, {value, 1}, 30, 31}]}].

bad() ->
    [{"out of nowhere", [{a, get, none, {value, 7}, 1, 2}]},
     {"lost", [{a, set, 1, ok, 1, 2}, {b, get, none, missing, 3, 4}]},
     {"lost update", [{a, set, 1, ok, 1, 2}, {b, set, 2, ok, 3, 4}, {a, get, none, {value, 1}, 5, 6}]},
     {"stale", [{a, set, 1, ok, 1, 2}, {a, set, 2, ok, 3, 9}, {b, get, none, {value, 2}, 4, 5},
                {c, get, none, {value, 1}, 6, 7}]},
     {"two readers do not agree", [{a, set, 1, ok, 1, 9}, {b, set, 2, ok, 1, 9}, {c, get, none, {value, 1}, 10, 11},
                                   {d, get, none, {value, 2}, 12, 13}]},
     {"back and forth", [{a, set, 1, ok, 1, 20}, {b, set, 2, ok, 1, 20}, {c, get, none, {value, 2}, 2, 3},
                         {c, get, none, {value, 1}, 4, 5}, {c, get, none, {value, 2}, 6, 7}]},
     {"half a write", [{a, set, 1, ok, 1, 9}, {b, get, none, {broken, <<"1 and 2">>}, 2, 3}]},
     {"deleted twice", [{a, set, 1, ok, 1, 2}, {a, del, none, deleted, 3, 9}, {b, del, none, deleted, 3, 9}]},
     {"there after its delete", [{a, set, 1, ok, 1, 2}, {a, del, none, ok, 3, 4}, {b, contains, none, true, 5, 6}]},
     {"not deleted though there", [{a, set, 1, ok, 1, 2}, {b, del, none, missing, 3, 4}]},
     {"done before it was asked for", [{b, get, none, {value, 1}, 1, 2}, {a, set, 1, unknown, 3, infinity}]},
     {"unanswered, seen and gone again", [{a, set, 1, unknown, 1, infinity}, {b, get, none, {value, 1}, 2, 3},
                                          {b, get, none, missing, 4, 5}]},
     {"once unanswered is not twice", [{a, set, 1, unknown, 1, infinity}, {a, set, 2, ok, 2, 3},
                                       {b, get, none, {value, 1}, 4, 5},
                                       {a, set, 3, ok, 6, 7}, {b, get, none, {value, 1}, 8, 9}]},
     {"acknowledged before the kill, gone after it", [{a, set, 1, ok, 1, 2}, {a, set, 2, unknown, 3, infinity},
                                                      {b, get, none, missing, 4, 5}]}].

%% Each key for itself: the bad one is named.
keys_test() ->
    Good = history([{a, set, 1, ok, 1, 2}, {a, get, none, {value, 1}, 5, 6}]),
    Lost = history([{a, set, 2, ok, 3, 4}, {a, get, none, missing, 7, 8}]),
    Bad = [Operation#{key := <<"other">>} || Operation <- Lost],
    {violation, #{key := <<"other">>, history := Bad}} = linear:check(Good ++ Bad).

%% What is shown is what matters, and still bad.
smallest_test() ->
    Noise = [{n, set, N, ok, 100 * N, 100 * N + 9} || N <- lists:seq(1, 8)]
        ++ [{n, get, none, {value, N}, 100 * N + 10, 100 * N + 19} || N <- lists:seq(1, 8)],
    Fault = [{a, set, 20, ok, 1000, 1001}, {b, get, none, {value, 8}, 1002, 1003}],
    Later = [{a, set, 21, ok, 1004, 1005}, {b, get, none, {value, 21}, 1006, 1007}],
    {violation, Violation} = linear:check(history(Noise ++ Fault ++ Later)),
    #{smallest := Smallest, culprit := Culprit, possible := Possible} = Violation,
    ?assertMatch(#{process := b, op := get, result := {value, 8}, invoked := 1002}, Culprit),
    ?assertEqual([{value, 20}], Possible),
    ?assertEqual(history(Fault), Smallest),
    ?assertMatch({violation, _}, linear:check(Smallest)).

report_test() ->
    {violation, Violation} =
        linear:check(history([{"erlang 1", set, 1, ok, 1000, 2000}, {"python 2", set, 2, unknown, 1500, infinity},
                              {"erlang 1", get, none, {value, 2}, 3000, 4500},
                              {"erlang 1", get, none, {value, 1}, 5000, 6500}])),
    Text = unicode:characters_to_binary(linear_report:format(Violation)),
    [?assertNotEqual({Word, nomatch}, {Word, binary:match(Text, Word)})
     || Word <- [<<"key <<\"k\">>, get of erlang 1 gave {value,1}; right would have been {value,2}">>,
                 <<"3 of 4 operations">>, <<"\n>> |">>, <<"5.0  erlang 1         get -> {value,1}">>,
                 <<"never  python 2         set 2 -> ?">>]].

%% Another model: what a counter added up to.
other_model_test() ->
    Step = fun(add, N, unknown, State) -> {ok, State + N};
              (add, N, Sum, State) when Sum =:= State + N -> {ok, Sum};
              (_, _, _, _) -> no
           end,
    Model = #{initial => 0, step => Step, reads => [], unseen => fun(_, _) -> false end,
              hopeless => fun(_, _, _) -> false end, results => fun(_, _) -> [1, 2, 3] end},
    ?assertEqual(ok, linear:check(history([{a, add, 1, 3, 1, 9}, {b, add, 2, 2, 1, 9}]), Model)),
    Bad = history([{a, add, 1, 1, 1, 2}, {b, add, 1, 1, 3, 9}, {c, add, 1, unknown, 1, infinity}]),
    {violation, #{possible := [2, 3]}} = linear:check(Bad, Model).

%%% Simulated registers: what they give is linearizable by the way it is made, or wrong in a known way

-define(RUNS, 300).

right_registers_test_() -> {timeout, 60, fun right_registers/0}.

right_registers() ->
    [?assertEqual({Seed, ok}, {Seed, linear:check(linear_simulation:history(Seed, none))})
     || Seed <- lists:seq(1, ?RUNS)].

%% Not each wrong register is caught each time: nobody may look. But what a strict observer sees is.
faults_test_() ->
    [{timeout, 60, {atom_to_list(Fault), fun() -> fault(Fault) end}} || Fault <- [lost_update, stale_read, half_write]].

fault(Fault) ->
    Found = [Seed || Seed <- lists:seq(1, ?RUNS), linear:check(linear_simulation:history(Seed, Fault)) =/= ok],
    ?assert(length(Found) > ?RUNS div 2),
    %% the last read of all alone sees it, if the fault hit the last write
    [?assertMatch({violation, _}, linear:check(linear_simulation:watched(Seed, Fault))) || Seed <- lists:seq(1, ?RUNS)].

%% The same question gets the same answer.
deterministic_test() ->
    History = linear_simulation:history(3, lost_update),
    ?assertEqual(linear:check(History), linear:check(History)).

%% As large as the tests' histories get, with everything at once, and bad at the very end.
large_test_() -> {timeout, 60, fun large/0}.

large() ->
    Sets = [{P, set, 20 * P + N, ok, 10 * N, 10 * N + 9} || P <- lists:seq(1, 7), N <- lists:seq(1, 20)],
    Gets = [{8, get, none, {value, 20 * (1 + N rem 7) + N}, 10 * N + 5, 10 * N + 9} || N <- lists:seq(1, 20)],
    Lost = [{P, set, 1000 + P, unknown, 50 + P, infinity} || P <- lists:seq(1, 8)],
    Seen = [{9, get, none, {value, 1000 + P}, 300 + P, 301 + P} || P <- lists:seq(2, 8, 2)],
    Good = history(Sets ++ Gets ++ Lost ++ Seen),
    ?assertEqual(ok, linear:check(Good)),
    [?assertMatch({violation, _}, linear:check(Good ++ history([{9, get, none, Result, 502, 503}])))
     || Result <- [missing, {value, 1002}, {value, 20 + 3}]].
