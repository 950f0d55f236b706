%% Python processes that pyport did not start, beside a node: both use the same dicts in memory. (Those that Python
%% code of the node starts are in test/python/test_children.py.)
-module(py_ordinary_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([both_see/1, handles_in_values/1, owner_ends/1, python_destroys/1, killed/1, table_port_dies/1, made_by_python/1, stranger/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 3}}].

all() -> [both_see, handles_in_values, owner_ends, python_destroys, killed, table_port_dies, made_by_python, stranger].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

%% Question and answer go through the dict alone.
both_see(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    Python = ordinary(SD, "for number in range(200):\n"
                          "    while sd.get('question', -1) < number: pass\n"
                          "    sd['answer'] = {'number': number, 'twice': [2 * number]}\n"),
    [begin
         ok = py:shared_dict_set(SD, <<"question">>, Number),
         await(fun() -> answered(SD, Number) end)
     end || Number <- lists:seq(0, 199)],
    ?assertEqual(#{<<"number">> => 199, <<"twice">> => [398]}, py:shared_dict_get(SD, <<"answer">>)),
    {0, <<>>} = finished(Python),
    ok = py:shared_dict_destroy(SD).

answered(SD, Number) ->
    case py:shared_dict_get(SD, <<"answer">>) of
        #{<<"number">> := Number} -> true;
        _ -> false
    end.

%% A dict that such a process stores is the handle that Erlang knows.
handles_in_values(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    {ok, Inner} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, <<"inner">>, Inner),
    {0, <<>>} = finished(ordinary(SD, "inner = sd['inner']\ninner['k'] = 'v'\nsd['list'] = [inner, sd]\n")),
    ?assertEqual([Inner, SD], py:shared_dict_get(SD, <<"list">>)),
    ?assertEqual(<<"v">>, py:shared_dict_get(Inner, <<"k">>)),
    [ok = py:shared_dict_destroy(Each) || Each <- [SD, Inner]].

owner_ends(_Config) ->
    Test = self(),
    Owner = spawn(fun() ->
                          {ok, SD} = py:shared_dict_new(),
                          Test ! {made, SD},
                          receive stop -> ok end
                  end),
    SD = receive {made, Made} -> Made end,
    Python = ordinary(SD, "import time\n"
                          "sd['begun'] = True\n"
                          "try:\n"
                          "    while sd['begun']: pass\n"
                          "except RuntimeError as error:\n"
                          "    print(error)\n"),
    await(fun() -> py:shared_dict_get(SD, <<"begun">>) =:= true end),
    Owner ! stop,
    ?assertEqual({0, <<"SharedDict has been destroyed\n">>}, finished(Python)).

python_destroys(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    {0, <<>>} = finished(ordinary(SD, "sd.destroy()")),
    ?assertError(badarg, py:shared_dict_get(SD, <<"k">>)),
    ok = py:shared_dict_destroy(SD).

%% Whatever such a process said it had written is there, and the dict goes on.
killed(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    [begin
         Python = ordinary(SD, "for number in range(10**9):\n"
                               "    sd[number] = [number] * (number % 300)\n"
                               "    sd['last'] = number\n"),
         {os_pid, OsPid} = erlang:port_info(Python, os_pid),
         await(fun() -> is_integer(py:shared_dict_get(SD, <<"last">>)) end),
         ok = py_ct:kill_9(OsPid),
         {137, <<>>} = finished(Python),
         Last = py:shared_dict_get(SD, <<"last">>),
         ?assertEqual([], [Number || Number <- lists:seq(0, Last),
                                     py:shared_dict_get(SD, Number) =/= lists:duplicate(Number rem 300, Number)]),
         [ok = py:shared_dict_del(SD, Key) || Key <- py:shared_dict_keys(SD)]
     end || _ <- lists:seq(1, 10)],
    ok = py:shared_dict_destroy(SD).

%% The death of the table's own port is nothing to it.
table_port_dies(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    Python = ordinary(SD, "count = 0\n"
                          "while sd.get('go', True):\n"
                          "    count += 1\n"
                          "    sd['count'] = count\n"
                          "sd['end'] = count\n"),
    await(fun() -> is_integer(py:shared_dict_get(SD, <<"count">>)) end),
    Before = py:shared_dict_get(SD, <<"count">>),
    true = py_ct:restart_table(),
    await(fun() -> py:shared_dict_get(SD, <<"count">>) > Before end),
    ok = py:shared_dict_set(SD, <<"go">>, false),
    {0, <<>>} = finished(Python),
    ?assertEqual(py:shared_dict_get(SD, <<"count">>), py:shared_dict_get(SD, <<"end">>)),
    ok = py:shared_dict_destroy(SD).

%% What such a process makes in the node's table has no owner in Erlang, and outlives its maker and the table's port.
made_by_python(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    {0, Name} = finished(ordinary(SD, "from erlang import Table\n"
                                      "made = Table.attach(sd.handle.split(':')[0]).dict()\n"
                                      "made['k'] = 'v'\n"
                                      "print(made.handle, end='')\n")),
    #{dicts := Dicts} = py:info(),
    true = py_ct:restart_table(),
    ?assertMatch(#{dicts := Dicts}, py:info()),
    ?assertEqual({0, <<"v">>}, finished(python("import sys, erlang\n"
                                               "made = erlang.SharedDict.open(sys.argv[1])\n"
                                               "print(made['k'], end='')\n"
                                               "made.destroy()\n", [Name]))),
    ok = py:shared_dict_destroy(SD).

%% Who has a wrong name gets an error, and nothing else.
stranger(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    {ok, Name} = name(SD),
    {0, Output} = finished(python("import sys, erlang\n"
                                  "table, digits, node = sys.argv[1].split(':')\n"
                                  "for name in (f'{table}x:{digits}', f'{table}:{digits[::-1]}', digits):\n"
                                  "    try: erlang.SharedDict.open(name)\n"
                                  "    except Exception as error: print(type(error).__name__)\n", [Name])),
    ?assertEqual(<<"FileNotFoundError\nRuntimeError\nValueError\n">>, Output),
    ok = py:shared_dict_destroy(SD).

%%% Helpers

%% Both sides give the same.
name(SD) ->
    Name = py:shared_dict_name(SD),
    {ok, Name} = py:eval(<<"sd.handle">>, #{sd => SD}).

%% A Python process that knows the dict's name, with the dict as `sd'.
ordinary(SD, Code) ->
    {ok, Name} = name(SD),
    python("import sys\nfrom erlang import SharedDict\nsd = SharedDict.open(sys.argv[1])\n" ++ Code, [Name]).

python(Code, Args) ->
    {ok, Executable} = py:eval(<<"__import__('sys').executable">>),
    open_port({spawn_executable, Executable},
              [{args, ["-c", Code | Args]}, {env, [{"PYTHONPATH", filename:join(code:priv_dir(pyport), "python")}]},
               binary, exit_status, stderr_to_stdout, use_stdio, hide]).

finished(Port) -> finished(Port, <<>>).

finished(Port, Output) ->
    receive
        {Port, {data, Data}} -> finished(Port, <<Output/binary, Data/binary>>);
        {Port, {exit_status, Status}} -> {Status, Output}
    after 120000 -> ct:fail({no_end, Output})
    end.

await(Fun) -> py_ct:eventually(Fun, 60000).
