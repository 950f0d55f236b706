%% Dicts and lists that lie in dicts, made by Python, from Erlang's side; and what ends them.
-module(py_nested_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([a_child_is_a_handle/1, ends_with_its_parent/1, ends_when_erlang_replaces_it/1, stays_when_erlang_takes_it/1,
         erlang_gives_its_own/1, lists/1, appends_of_both/1, pops_of_both/1, no_list/1, ends_with_its_process/1,
         outlives_the_table_port/1]).

-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 3}}].

all() ->
    [a_child_is_a_handle, ends_with_its_parent, ends_when_erlang_replaces_it, stays_when_erlang_takes_it,
     erlang_gives_its_own, lists, appends_of_both, pops_of_both, no_list, ends_with_its_process, outlives_the_table_port].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

a_child_is_a_handle(_Config) ->
    SD = new(),
    ok = python("sd['new'] = SharedDict.new()\n"
                "sd['new']['k'] = 'v'\n"
                "sd.nest('nested')['k'] = [1]\n"
                "sd['twice'] = [sd['new'], sd['new']]\n", SD),
    New = py:shared_dict_get(SD, new),
    ?assert(py_handle:is_handle(New)),
    ?assertEqual(<<"v">>, py:shared_dict_get(New, k)),
    ?assertEqual([New, New], py:shared_dict_get(SD, twice)),
    ?assertEqual([1], py:shared_dict_get(py:shared_dict_get(SD, nested), k)),
    ok = py:shared_dict_set(New, k, 2),
    ?assertEqual({ok, [2, true]}, py:eval(<<"[sd['new']['k'], sd['new'] == new]">>, #{sd => SD, new => New})),
    ?assertEqual(#{<<"k">> => 2}, py:shared_dict_to_map(New)),
    ok = py:shared_dict_destroy(SD).

ends_with_its_parent(_Config) ->
    {Owner, SD} = owned(),
    ok = python("sd.nest('a').nest_list('l').append(1)\n", SD),
    Child = py:shared_dict_get(SD, a),
    List = py:shared_dict_get(Child, l),
    ?assertEqual([1], py:shared_list_to_list(List)),
    exit(Owner, kill),
    await_end(SD),
    await_end(Child),
    await_end(List).

ends_when_erlang_replaces_it(_Config) ->
    SD = new(),
    [begin
         ok = python("sd.nest('c')['k'] = 1\n", SD),
         Child = py:shared_dict_get(SD, c),
         ?assertEqual(1, py:shared_dict_get(Child, k)),
         _ = Replace(),
         ?assertError(badarg, py:shared_dict_get(Child, k)),
         ok = py:shared_dict_clear(SD)
     end || Replace <- [fun() -> ok = py:shared_dict_del(SD, c) end,
                        fun() -> ok = py:shared_dict_set(SD, c, 1) end,
                        fun() -> ok = py:shared_dict_set_many(SD, #{c => 1, d => 2}) end,
                        fun() -> ok = py:shared_dict_del_many(SD, [c]) end,
                        fun() -> 5 = py:shared_dict_update_with(SD, c, fun(_) -> 5 end) end]],
    ok = py:shared_dict_destroy(SD).

%% Erlang has no process to give it to: it ends with the dict that it lay in.
stays_when_erlang_takes_it(_Config) ->
    SD = new(),
    ok = python("sd.nest('c')['k'] = 1\n", SD),
    Child = py:shared_dict_take(SD, c),
    ?assertEqual(1, py:shared_dict_get(Child, k)),
    ok = py:shared_dict_destroy(SD),
    ?assertError(badarg, py:shared_dict_get(Child, k)).

%% A dict that an Erlang process owns is stored as a reference, by whomever.
erlang_gives_its_own(_Config) ->
    [SD, Other] = [new(), new()],
    ok = py:exec(<<"sd['other'] = other\nsd.nest('deep')['other'] = other\ndel sd['other']">>, #{sd => SD, other => Other}),
    ok = py:shared_dict_destroy(SD),
    ok = py:shared_dict_set(Other, k, 1),
    ?assertMatch({error, {'ValueError', #{message := <<"a cycle", _/binary>>}}},
                 py:exec(<<"sd['me'] = sd">>, #{sd => Other})),
    ok = py:shared_dict_destroy(Other).

lists(_Config) ->
    SD = new(),
    ok = python("sd.nest_list('l').extend([1, 'a', None])\n", SD),
    List = py:shared_dict_get(SD, l),
    ok = py:shared_list_append(List, #{k => [2]}),
    ?assertEqual([1, <<"a">>, none, #{<<"k">> => [2]}], py:shared_list_to_list(List)),
    ?assertEqual(4, py:shared_list_size(List)),
    ?assertEqual(<<"a">>, py:shared_dict_get(List, 1)),
    ok = py:shared_dict_set(List, 1, {tuple, here}),
    ?assertEqual({ok, true}, py:eval(<<"l == [1, ('tuple', 'here'), None, {'k': [2]}] and type(l).__name__ == 'SharedList'">>,
                                     #{l => List})),
    [?assertError(badarg, Torn()) || Torn <- [fun() -> py:shared_dict_set(List, 9, x) end,
                                              fun() -> py:shared_dict_set(List, <<"k">>, x) end,
                                              fun() -> py:shared_dict_del(List, 0) end]],
    ?assertEqual(#{<<"k">> => [2]}, py:shared_list_pop(List)),
    ?assertEqual(none, py:shared_list_pop(List)),
    ok = py:shared_dict_clear(List),
    ?assertEqual(undefined, py:shared_list_pop(List)),
    ?assertEqual([], py:shared_list_to_list(List)),
    ok = py:shared_dict_destroy(SD),
    ?assertError(badarg, py:shared_list_append(List, 1)).

appends_of_both(_Config) ->
    SD = new(),
    ok = python("sd.nest_list('l')\n", SD),
    List = py:shared_dict_get(SD, l),
    Call = py:spawn_call(builtins, exec, [<<"for n in range(500): sd['l'].append(['p', n])">>, #{sd => SD}]),
    Work = [in_process(fun() -> [ok = py:shared_list_append(List, [Id, N]) || N <- lists:seq(0, 499)] end)
            || Id <- [1, 2]],
    [ended(One) || One <- Work],
    {ok, none} = py:await(Call),
    All = py:shared_list_to_list(List),
    [?assertEqual(lists:seq(0, 499), [N || [Of, N] <- All, Of =:= Id]) || Id <- [1, 2, <<"p">>]],
    ok = py:shared_dict_destroy(SD).

pops_of_both(_Config) ->
    SD = new(),
    ok = python("sd.nest_list('l').extend(range(2000))\nsd.nest_list('popped')\n", SD),
    [List, Popped] = [py:shared_dict_get(SD, Key) || Key <- [l, popped]],
    Call = py:spawn_call(builtins, exec, [<<"for n in range(500): sd['popped'].append(sd['l'].pop())">>, #{sd => SD}]),
    Work = [in_process(fun() -> [ok = py:shared_list_append(Popped, py:shared_list_pop(List)) || _ <- lists:seq(1, 500)] end)
            || _ <- [1, 2]],
    [ended(One) || One <- Work],
    {ok, none} = py:await(Call),
    ?assertEqual(lists:seq(0, 1999), lists:sort(py:shared_list_to_list(List) ++ py:shared_list_to_list(Popped))),
    ok = py:shared_dict_destroy(SD).

no_list(_Config) ->
    SD = new(),
    [begin
         {Class, Reason, [{_, _, _, Info} | _] = Trace} = catch_of(Do),
         ?assertEqual({error, badarg}, {Class, Reason}),
         ?assertMatch(#{error_info := _}, maps:from_list(Info)),
         #{1 := Why} = py_error:format_error(Reason, Trace),
         ?assertMatch(<<"not the handle of a Shared", _/binary>>, iolist_to_binary(Why))
     end || Do <- [fun() -> py:shared_list_append(SD, 1) end, fun() -> py:shared_list_pop(SD) end,
                   fun() -> py:shared_list_to_list(SD) end, fun() -> py:shared_list_size(SD) end]],
    ?assertError(badarg, py:shared_list_append(no_handle, 1)),
    ok = py:shared_dict_destroy(SD).

ends_with_its_process(_Config) ->
    SD = new(),
    ok = python("mine = SharedDict.new()\n"
                "mine.nest('child')\n"
                "sd['mine'] = [mine]\n"
                "sd['child'] = SharedDict.new()\n", SD),
    [Mine] = py:shared_dict_get(SD, mine),
    ok = py:shared_dict_set(Mine, k, 1),
    Nested = py:shared_dict_get(Mine, child),
    py_ct:restart_port_program(),
    await_end(Mine),
    await_end(Nested),
    ?assertEqual(0, py:shared_dict_size(py:shared_dict_get(SD, child))),
    ok = py:shared_dict_destroy(SD).

outlives_the_table_port(_Config) ->
    SD = new(),
    ok = python("mine = SharedDict.new()\nmine['k'] = 1\nsd['mine'] = [mine]\nsd.nest('child')['k'] = 2\n", SD),
    [Mine] = py:shared_dict_get(SD, mine),
    true = py_ct:restart_table(),
    ?assertEqual(1, py:shared_dict_get(Mine, k)),
    ?assertEqual(2, py:shared_dict_get(py:shared_dict_get(SD, child), k)),
    [ok = py:shared_dict_destroy(Each) || Each <- [SD, Mine]].

%%% Helpers

new() ->
    {ok, SD} = py:shared_dict_new(),
    SD.

owned() ->
    Test = self(),
    Owner = spawn(fun() ->
                          Test ! {made, self(), new()},
                          receive stop -> ok end
                  end),
    receive {made, Owner, SD} -> {Owner, SD} end.

python(Code, SD) -> py:exec(["from erlang import SharedDict, SharedList\n", Code], #{sd => SD}).

await_end(SD) ->
    py_ct:eventually(fun() ->
                             try py:shared_dict_size(SD) of
                                 _ -> false
                             catch error:badarg -> true
                             end
                     end).

in_process(Fun) -> spawn_monitor(Fun).

ended({Pid, Monitor}) -> receive {'DOWN', Monitor, process, Pid, Reason} -> ?assertEqual(normal, Reason) end.

catch_of(Do) ->
    try Do() of
        Result -> ct:fail({no_error, Result})
    catch Class:Reason:Stack -> {Class, Reason, Stack}
    end.
