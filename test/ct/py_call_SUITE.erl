%% Running Python: call, eval, exec, run, spawn_call, cast; timeouts, exceptions, output.
-module(py_call_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([log/2]).
-export([call/1, names/1, keyword_arguments/1, eval_with_variables/1, exec_and_main/1, namespaces_are_apart/1,
         run_a_script/1, run_is_relative_to_the_node/1,
         builtin_exception/1, own_exception/1, traceback_has_no_frames_of_ours/1, syntax_error/1, missing_names/1,
         dotted_names/1, eval_does_not_leak/1, results/1, kinds_of_keys/1, objects_come_back/1,
         results_without_a_form/1,
         told_exceptions/1, bad_arguments/1, bad_argument_texts/1, bad_values/1, unknown_atom/1,
         timeout/1, timeout_interrupts/1, late_reply_is_dropped/1, zero_timeout/1, configured_timeout/1,
         spawned_calls_are_parallel/1, await_errors/1, await_timeout/1, spawned_call_expires/1, interrupt/1, interrupt_before_it_begins/1,
         cancel/1, cancel_what_does_not_stop/1, spawn_main/1,
         cast/1, cast_of_a_dead_process/1, cast_fails/1, log_domain/1, none_atom/1, printing/1, logging/1,
         no_format_strings/1, much_output/1, little_output_often/1, log_server_is_killed/1,
         overloaded_queue/1, version_and_info/1, info_of_a_dict/1, reentrant_processes/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [call, names, keyword_arguments, eval_with_variables, exec_and_main, namespaces_are_apart, run_a_script,
    run_is_relative_to_the_node,
     builtin_exception, own_exception, traceback_has_no_frames_of_ours, syntax_error, missing_names,
     dotted_names, eval_does_not_leak, results, kinds_of_keys, objects_come_back, results_without_a_form,
     told_exceptions, bad_arguments, bad_argument_texts, bad_values, unknown_atom,
     timeout, timeout_interrupts, late_reply_is_dropped, zero_timeout, configured_timeout,
     spawned_calls_are_parallel, await_errors, await_timeout, spawned_call_expires, interrupt, interrupt_before_it_begins,
     cancel, cancel_what_does_not_stop, spawn_main,
     cast, cast_of_a_dead_process, cast_fails, log_domain, none_atom, printing, logging, no_format_strings,
     much_output, little_output_often, log_server_is_killed,
     overloaded_queue, version_and_info, info_of_a_dict, reentrant_processes].

init_per_suite(Config) -> py_ct:start(Config, [{max_queue, 50}]).

end_per_suite(Config) -> py_ct:stop(Config).

call(_Config) ->
    ?assertEqual({ok, 4.0}, py:call(math, sqrt, [16])),
    ?assertEqual({ok, 1024}, py:call(builtins, pow, [2, 10])),
    ?assertEqual({ok, <<"a/b">>}, py:call('os.path', join, [<<"a">>, <<"b">>])),
    ?assertEqual({ok, none}, py:call(builtins, print, [])).

names(_Config) ->
    [?assertEqual({ok, 4.0}, py:call(Module, Function, [16]))
     || Module <- [math, <<"math">>, "math"], Function <- [sqrt, <<"sqrt">>, "sqrt"]],
    [?assertEqual({ok, 3}, py:eval(Code)) || Code <- [<<"1 + 2">>, "1 + 2"]],
    ?assertEqual({ok, <<"süß"/utf8>>}, py:eval("'süß'")),
    ?assertEqual({ok, 5}, py:eval(x, #{x => 5})).

keyword_arguments(_Config) ->
    [?assertEqual({ok, <<"{\n  \"a\": 1\n}">>}, py:call(json, dumps, [#{a => 1}], Kwargs))
     || Kwargs <- [#{indent => 2}, #{<<"indent">> => 2}, #{"indent" => 2}, [{indent, 2}], [{<<"indent">>, 2}]]],
    ?assertEqual({ok, 255}, py:call(builtins, int, [<<"ff">>], #{base => 16}, 5000)).

eval_with_variables(_Config) ->
    ?assertEqual({ok, 42}, py:eval(<<"x + y">>, #{x => 40, <<"y">> => 2})),
    ?assertEqual({ok, 42}, py:eval(<<"x + y">>, [{"x", 40}, {y, 2}])),
    ?assertEqual({ok, 42}, py:eval(<<"  40 + 2">>, #{}, infinity)).

exec_and_main(_Config) ->
    ok = py:exec(<<"def add(a, b=1):\n    return a + b\ncount = 0\n">>),
    ?assertEqual({ok, 3}, py:call('__main__', add, [1, 2])),
    ?assertEqual({ok, 11}, py:call("__main__", "add", [10])),
    ok = py:exec(<<"count += n">>, #{n => 5}),
    ?assertEqual({ok, 5}, py:eval(<<"count">>)),
    ?assertEqual({ok, <<"__main__">>}, py:eval(<<"__name__">>)).

%% Each process has its own namespace, which stays with it.
namespaces_are_apart(_Config) ->
    ok = py:exec(<<"mine = 'parent'">>),
    ?assertMatch({error, {'NameError', _}}, in_process(fun() -> py:eval(<<"mine">>) end)),
    ok = in_process(fun() -> py:exec(<<"mine = 'child'">>) end),
    ?assertEqual({ok, <<"parent">>}, py:eval(<<"mine">>)),
    #{namespaces := Before} = py:info(),
    ok = in_process(fun() -> py:exec(<<"x = 1">>) end),
    py_ct:eventually(fun() -> maps:get(namespaces, py:info()) =:= Before end).

run_a_script(Config) ->
    Script = filename:join(?config(priv_dir, Config), "script.py"),
    Out = filename:join(?config(priv_dir, Config), "out.txt"),
    ok = file:write_file(Script, "import sys\n"
                         "if __name__ == '__main__':\n"
                         "    open(sys.argv[1], 'w').write(' '.join(sys.argv[2:]))\n"
                         "    if 'fail' in sys.argv: raise ValueError('told to')\n"),
    ?assertEqual(ok, py:run(Script, [Out, "a", <<"b">>, c])),
    ?assertEqual({ok, <<"a b c">>}, file:read_file(Out)),
    {error, {'ValueError', #{message := <<"told to">>, traceback := Lines}}} = py:run(list_to_binary(Script), [Out, fail], 5000),
    ?assert(lists:any(fun(Line) -> binary:match(Line, <<"script.py\", line 4">>) =/= nomatch end, Lines)),
    ?assertMatch({error, {'FileNotFoundError', _}}, py:run("/no/such/script.py", [])).

%% Python's own folder, which code may change, does not matter.
run_is_relative_to_the_node(Config) ->
    {ok, Before} = file:get_cwd(),
    Folder = filename:join(?config(priv_dir, Config), "scripts"),
    ok = filelib:ensure_dir(filename:join(Folder, "x")),
    ok = file:write_file(filename:join(Folder, "here.py"), "import sys\nassert sys.path[0] == sys.argv[1], sys.path\n"),
    ok = file:set_cwd(Folder),
    try
        ?assertEqual(ok, py:run("here.py", [Folder])),
        ok = py:exec(<<"import os\nos.chdir('/')">>),
        ?assertEqual(ok, py:run("here.py", [Folder]))
    after
        ok = file:set_cwd(Before)
    end.

builtin_exception(_Config) ->
    ?assertMatch({error, {'ValueError', #{message := <<"math domain error">>, traceback := [_ | _]}}}, py:call(math, sqrt, [-1])),
    ?assertMatch({error, {'KeyError', #{message := <<"'x'">>}}}, py:eval(<<"{}['x']">>)),
    ?assertMatch({error, {'ZeroDivisionError', _}}, py:exec(<<"1/0">>)),
    ?assertMatch({error, {<<"json.decoder.JSONDecodeError">>, _}}, py:call(json, loads, [<<"{">>])).

own_exception(_Config) ->
    ok = py:exec(<<"class Sold(Exception): pass\nclass KeyError(Exception): pass\n"
                   "def buy(): raise Sold('out')\ndef fake(): raise KeyError('mine')">>),
    ?assertMatch({error, {<<"__main__.Sold">>, #{message := <<"out">>}}}, py:call('__main__', buy, [])),
    %% of the name of a builtin one, but not it
    ?assertMatch({error, {<<"__main__.KeyError">>, _}}, py:call('__main__', fake, [])).

traceback_has_no_frames_of_ours(_Config) ->
    ok = py:exec(<<"def inner(): raise ValueError('deep')\ndef outer(): inner()">>),
    {error, {'ValueError', #{traceback := Lines}}} = py:call('__main__', outer, []),
    Text = iolist_to_binary(lists:join("\n", Lines)),
    [?assertNotEqual(nomatch, binary:match(Text, Part)) || Part <- [<<"in outer">>, <<"in inner">>, <<"ValueError: deep">>]],
    [?assertEqual(nomatch, binary:match(Line, <<"\n">>)) || Line <- Lines],
    Files = fun(All) -> [Line || Line <- All, binary:match(Line, <<"File ">>) =/= nomatch] end,
    ?assertEqual(2, length(Files(Lines))),
    %% nor where our own Python stands in for Python's
    [begin
         {error, {'TypeError', #{traceback := Told}}} = py:exec(Code),
         ?assertMatch([<<"  File \"<exec>\", line 1, in <module>">>], Files(Told))
     end || Code <- [<<"__import__('time').sleep('long')">>, <<"__import__('sys').stdout.write(1)">>]].

syntax_error(_Config) ->
    ?assertMatch({error, {'SyntaxError', _}}, py:exec(<<"def (:">>)),
    ?assertMatch({error, {'SyntaxError', _}}, py:eval(<<"x = 1">>)),
    ?assertMatch({error, {'IndentationError', _}}, py:exec(<<"if 1:\nx">>)).

missing_names(_Config) ->
    ?assertMatch({error, {'ModuleNotFoundError', _}}, py:call(no_such_module, f, [])),
    ?assertMatch({error, {'AttributeError', _}}, py:call(math, no_such_function, [])),
    ?assertMatch({error, {'TypeError', _}}, py:call(math, pi, [])),
    ?assertMatch({error, {'TypeError', _}}, py:call(math, sqrt, [1, 2, 3])).

results(_Config) ->
    ?assertEqual({ok, {1, [<<"a">>, none], #{<<"k">> => true}}}, py:eval(<<"(1, ['a', None], {'k': True})">>)),
    ?assertMatch({ok, {py_object, <<"complex">>, _}}, py:eval(<<"1j">>)),
    ?assertMatch({error, {bad_term, [], {unpicklable, _}}}, py:eval(<<"lambda: 1">>)),
    ?assertMatch({error, {bad_term, _, {unpicklable, _}}}, py:eval(<<"__import__('math')">>)),
    Pid = self(),
    Ref = make_ref(),
    ?assertEqual({ok, [Pid, Ref]}, py:call(builtins, list, [[Pid, Ref]])).

%% The module by its full name, the function along its attributes.
dotted_names(_Config) ->
    ?assertEqual({ok, <<"a/b">>}, py:call(os, 'path.join', [<<"a">>, <<"b">>])),
    ?assertEqual({ok, <<"a/b">>}, py:call(<<"os.path">>, <<"join">>, [<<"a">>, <<"b">>])),
    ?assertEqual({ok, <<"A">>}, py:call(builtins, "str.upper", [<<"a">>])),
    ok = py:exec(<<"class Shop:\n    @staticmethod\n    def open(): return 'open'">>),
    ?assertEqual({ok, <<"open">>}, py:call('__main__', 'Shop.open', [])),
    ?assertMatch({error, {'ModuleNotFoundError', _}}, py:call('os.path.join', x, [])),
    ?assertMatch({error, {'AttributeError', _}}, py:call(os, 'path.no_such', [])).

%% Vars are there for one job; a name of the process's own is what it was.
eval_does_not_leak(_Config) ->
    ok = py:exec(<<"own = 'own'">>),
    ?assertEqual({ok, [1, 2]}, py:eval(<<"[own, other]">>, #{own => 1, other => 2})),
    ?assertEqual({ok, <<"own">>}, py:eval(<<"own">>)),
    ?assertMatch({error, {'NameError', _}}, py:eval(<<"other">>)),
    ok = py:exec(<<"kept = given + 1">>, #{given => 1}),
    ?assertEqual({ok, 2}, py:eval(<<"kept">>)),
    ?assertMatch({error, {'NameError', _}}, py:eval(<<"given">>)),
    ?assertMatch({error, {'ZeroDivisionError', _}}, py:eval(<<"1 / given">>, #{given => 0})),
    ?assertMatch({error, {'NameError', _}}, py:eval(<<"given">>)).

%% Python's keys are no texts: each becomes the term that it would be as a value.
kinds_of_keys(_Config) ->
    ?assertEqual({ok, #{2 => 1, {1, <<"x">>} => 2, none => 3, 1.5 => 4, <<"2">> => 5, true => 6, infinity => 7}},
                 py:eval(<<"{2: 1, (1, 'x'): 2, None: 3, 1.5: 4, '2': 5, True: 6, float('inf'): 7}">>)),
    %% in Python True and 1 are one key, and the first one's spelling stays
    ?assertEqual({ok, #{1 => 2}}, py:eval(<<"{1: 1, True: 2}">>)).

%% What has no Erlang form keeps its type, and is the object again where its class is known.
objects_come_back(_Config) ->
    ok = py:exec(<<"
        import collections, dataclasses, datetime, decimal, enum

        @dataclasses.dataclass
        class Point:
            x: int

        Pair = collections.namedtuple('Pair', 'a b')

        class Color(enum.Enum):
            RED = 1

        class Text(str): pass
        class Table(dict): pass
        ">>),
    [begin
         {ok, {py_object, Type, Pickle} = Object} = py:eval(Code),
         ?assertEqual({Code, true}, {Code, is_binary(Pickle)}),
         ?assertEqual({Code, {ok, true}}, {Code, py:eval(["object == ", Code, " and type(object) is type(", Code, ")"],
                                                #{object => Object})}),
         ?assertEqual({ok, Object}, py:eval(<<"object">>, #{object => Object}))
     end || {Code, Type} <- [{"Point(1)", <<"__main__.Point">>}, {"Pair(1, 2)", <<"__main__.Pair">>}, {"Color.RED", <<"__main__.Color">>},
                             {"Text('t')", <<"__main__.Text">>}, {"Table(a=1)", <<"__main__.Table">>},
                             {"datetime.datetime(2024, 2, 29, 1, 2)", <<"datetime.datetime">>},
                             {"decimal.Decimal('1.10')", <<"decimal.Decimal">>}, {"{1}", <<"set">>}, {"frozenset('a')", <<"frozenset">>},
                             {"bytearray(b'x')", <<"bytearray">>}, {"1j", <<"complex">>}, {"range(3)", <<"range">>},
                             {"collections.OrderedDict(a=1)", <<"collections.OrderedDict">>}]],
    {ok, Point} = py:eval(<<"Point(1)">>),
    ?assertMatch({error, {'AttributeError', _}}, in_process(fun() -> py:eval(<<"p">>, #{p => Point}) end)).

%% Said, not guessed: what runs on, what is a part of the process, and what only looks like a text.
results_without_a_form(_Config) ->
    [?assertMatch({Code, {error, {bad_term, [], {unpicklable, <<_, _/binary>>}}}}, {Code, py:eval(Code)})
     || Code <- ["(x for x in [1])", "(lambda: (yield))()", "lambda: 1", "__import__('threading').Lock()", "memoryview(b'x')",
                 "__import__('sys')"]],
    ?assertMatch({error, {bad_term, [<<"users">>, 2, 7], {unpicklable, <<"cannot pickle 'module' object">>}}},
                 py:eval(<<"{'users': [1, {7: __import__('sys')}]}">>)),
    ok = py:exec(<<"async def later(): return 1\nasync def all(): yield 1">>),
    [?assertMatch({error, {bad_term, [], {unpicklable, _}}}, py:call('__main__', Name, [])) || Name <- [later, all]],
    ?assertEqual({error, {bad_term, [2, <<"k">>], surrogate}}, py:eval(<<"[1, {'k': '\\ud800'}]">>)),
    ?assertEqual({error, {bad_term, [<<"a">>], duplicate_key}}, py:eval(<<"{'a': 1, b'a': 2}">>)),
    ?assertEqual({ok, [nan, infinity, neg_infinity]}, py:eval(<<"[float('nan'), 1e999, -1e999]">>)),
    ?assertEqual({ok, 1 bsl 50000}, py:eval(<<"1 << 50000">>)).

%% Causes, notes and groups are in the traceback.
told_exceptions(_Config) ->
    {error, {'RuntimeError', #{message := <<"outer">>, traceback := Chain}}} =
        py:exec(<<"try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    e.add_note('a note')\n    raise RuntimeError('outer') from e">>),
    [?assert(lists:member(Line, Chain)) || Line <- [<<"ZeroDivisionError: division by zero">>, <<"a note">>, <<"RuntimeError: outer">>,
                                                    <<"The above exception was the direct cause of the following exception:">>]],
    {error, {'ExceptionGroup', #{message := <<"two (2 sub-exceptions)">>, traceback := Group}}} =
        py:exec(<<"raise ExceptionGroup('two', [ValueError('one'), KeyError('other')])">>),
    Text = iolist_to_binary(lists:join("\n", Group)),
    [?assertNotEqual(nomatch, binary:match(Text, Part)) || Part <- [<<"ValueError: one">>, <<"KeyError: 'other'">>]],
    ?assertMatch({error, {'ValueError', #{message := <<>>, traceback := [_ | _]}}}, py:exec(<<"raise ValueError">>)),
    ?assertMatch({error, {'TypeError', _}}, py:exec(<<"raise 1">>)),
    %% lines are lines, whatever the message holds
    {error, {_, #{message := <<"a\nb">>, traceback := Lines}}} = py:exec(<<"raise ValueError('a\\nb')">>),
    [?assertEqual(nomatch, binary:match(Line, <<"\n">>)) || Line <- Lines].

bad_arguments(_Config) ->
    [?assertError(badarg, apply(py, Function, Args))
     || {Function, Args} <- [{call, [1, f, []]}, {call, [m, <<>>, []]}, {call, [m, f, not_a_list]}, {call, [m, f, [1 | 2]]},
                             {call, [m, f, [], 7]}, {call, [m, f, [], #{1 => 2}]}, {call, [m, f, [], #{}, -1]},
                             {call, [m, f, [], #{}, 1 bsl 32]}, {call, [m, f, [], #{}, soon]}, {call, [<<255>>, f, []]},
                             {eval, [1]}, {eval, [<<255>>]}, {eval, [<<"1">>, x]}, {eval, [<<"1">>, [{x, 1}, {"x", 2}]]},
                             {eval, [<<"1">>, #{}, -1]}, {exec, [{}]}, {exec, [<<"1">>, #{{} => 1}]}, {exec, [<<"1">>, #{}, x]},
                             {run, [1, []]}, {run, ["", []]}, {run, ["f", x]}, {run, ["f", [1.5]]}, {run, ["f", [], -1]},
                             {spawn_call, [m, 1, []]}, {spawn_call, [m, f, x]}, {spawn_call, [m, f, [], 1]},
                             {spawn_call, [m, f, [], #{}, x]}, {cast, [m, f, x]}, {cast, [m, f, [], 1]},
                             {call, ["p", m, f, [1]]}, {call, [p, m, f, x]}, {call, [p, m, f, [], 1]}, {call, [p, m, f, [], #{}, soon]},
                             {call, [m, f, [], #{}, #{timout => 1}]}, {call, [p, m, f, [], #{}, #{pool => q}]},
                             {eval, [p, <<255>>]}, {eval, [p, <<"1">>, 1]}, {eval, [p, <<"1">>, #{}, soon]}, {eval, ["p", <<"1">>]},
                             {exec, [<<"1">>, #{}, #{pool => "p"}]}, {run, [p, "f", [], -1]}, {run, ["p", "f", []]},
                             {spawn_call, [p, m, f, 1]}, {cast, [p, m, f, 1]}, {start_pool, ["p", #{}]}, {start_pool, ['$p', #{}]},
                             {on_restart, [1]}, {on_restart, [default, code]},
                             {await, [x]}, {await, [x, 1]}, {cancel, [x]}, {interrupt, [x]}]].

bad_argument_texts(_Config) ->
    [begin
         {Top, Text} = py_ct:badarg_text(fun() -> apply(py, Function, Args) end),
         ?assertMatch({py, Function, Args, _}, Top),
         binary:match(Text, Words) =/= nomatch orelse ct:fail({missing, Words, Text})
     end || {Function, Args, Words} <- [{call, [1, f, []], <<"argument 1: must be a name">>},
                                        {call, [m, f, x], <<"argument 3: must be a list of arguments">>},
                                        {call, [m, f, [], 1], <<"argument 4: must be a map">>},
                                        {call, [m, f, [], #{}, x], <<"argument 5: must be a number of milliseconds">>},
                                        {eval, [<<"1">>, 1], <<"argument 2: must be a map">>},
                                        {run, ["f", 1], <<"argument 2: must be a list of strings">>},
                                        {call, ["p", m, f, []], <<"argument 1: must be the name of a pool">>},
                                        {call, [p, m, f, x], <<"argument 4: must be a list of arguments">>},
                                        {eval, [p, "1", 1], <<"argument 3: must be a map">>},
                                        {run, ["f", [], #{tmeout => 1}], <<"argument 3: must be a timeout, or a map">>},
                                        {await, [x], <<"argument 1: not a call that this process has spawned">>}]].

bad_values(_Config) ->
    ?assertMatch({error, {bad_term, _, duplicate_key}}, py:call(builtins, len, [#{a => 1, <<"a">> => 2}])),
    ?assertMatch({error, {bad_term, _, duplicate_key}}, py:eval(<<"x">>, #{x => #{a => 1, <<"a">> => 2}})),
    ?assertMatch({error, {bad_term, _, surrogate}}, py:eval(<<"'\\ud800'">>)).

%% An atom that Python makes up never becomes one of the node's.
unknown_atom(_Config) ->
    {error, {bad_term, [], {unknown_atom, _}}} = py:eval(<<"__import__('erlang').Atom('made_up_to_load_all_modules')">>),
    Before = erlang:system_info(atom_count),
    [begin
         Name = iolist_to_binary(["made_up_by_python_", integer_to_list(erlang:unique_integer([positive])), "_", integer_to_list(N)]),
         ?assertEqual({error, {bad_term, [], {unknown_atom, Name}}},
                      py:eval(<<"__import__('erlang').Atom(name)">>, #{name => Name}))
     end || N <- lists:seq(1, 20)],
    ?assertEqual(Before, erlang:system_info(atom_count)),
    ?assertEqual({ok, lists}, py:eval(<<"__import__('erlang').Atom('lists')">>)).

timeout(_Config) ->
    Begin = py_ct:ms(0),
    ?assertEqual({error, timeout}, py:call(time, sleep, [60], #{}, 100)),
    ?assertEqual({error, timeout}, py:eval(<<"sum(1 for _ in iter(int, 1))">>, #{}, 100)),
    ?assertEqual({error, timeout}, py:exec(<<"while True: pass">>, #{}, 100)),
    ?assert(py_ct:ms(Begin) < 30000),
    ?assertEqual({ok, 2}, py:eval(<<"1 + 1">>)).

%% The Python code is told by an exception, and does not go on.
timeout_interrupts(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = py:exec(<<"from erlang import SharedDict, Interrupted\nsd = SharedDict(handle)">>, #{handle => SD}),
    ?assertEqual({error, timeout},
                 py:exec(<<"try:\n    sd['begun'] = True\n    while True: pass\n"
                           "except Interrupted as e:\n    sd['interrupted'] = type(e).__name__\n">>, #{}, 500)),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, interrupted) =:= <<"Interrupted">> end).

late_reply_is_dropped(_Config) ->
    [{error, timeout} = py:call(time, sleep, [0.02], #{}, 1) || _ <- lists:seq(1, 20)],
    ?assertEqual({ok, 1}, py:eval(<<"1">>)),
    py_ct:eventually(fun() -> maps:get(in_flight, py:info()) =:= 0 end),
    ?assertEqual([], py_ct:flush()).

zero_timeout(_Config) ->
    ?assertEqual({error, timeout}, py:call(time, sleep, [10], #{}, 0)).

configured_timeout(Config) ->
    with_pyport(Config, call_timeout, 200,
                fun() ->
                        ?assertEqual({error, timeout}, py:call(time, sleep, [60])),
                        ?assertEqual({error, timeout}, py:await(py:spawn_call(time, sleep, [60]))),
                        ?assertEqual({ok, none}, py:call(time, sleep, [0.4], #{}, infinity))
                end).

%% Two calls that each wait for the other's sign can only end when they run at the same time.
spawned_calls_are_parallel(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    Calls = [py:spawn_call(helpers, meet, [SD, Me, Other], #{}, 20000) || {Me, Other} <- [{a, b}, {b, a}]],
    ?assertEqual([{ok, <<"met">>}, {ok, <<"met">>}], [py:await(Call) || Call <- Calls]).

await_errors(_Config) ->
    Call = py:spawn_call(math, sqrt, [4]),
    {error_badarg, _} = in_process(fun() -> try py:await(Call) catch error:badarg:Stack -> {error_badarg,
    Stack} end end),
    ?assertError(badarg, py:await(Call, -1)),
    ?assertEqual({ok, 2.0}, py:await(Call)),
    ?assertError(badarg, py:await(Call)),
    ?assertMatch({error, {'ValueError', _}}, py:await(py:spawn_call(math, sqrt, [-1]))),
    ?assertEqual([], py_ct:flush()).

await_timeout(_Config) ->
    Call = py:spawn_call(time, sleep, [60], #{}, 100),
    ?assertEqual({error, timeout}, py:await(Call)),
    Other = py:spawn_call(time, sleep, [60]),
    ?assertEqual({error, timeout}, py:await(Other, 50)),
    ?assertError(badarg, py:await(Other)),
    %% both are interrupted, not just left
    py_ct:eventually(fun() -> py_ct:is_idle(default) end).

%% A spawned call ends at its time also when nobody awaits it; its result is that, however late it is asked for.
spawned_call_expires(_Config) ->
    Call = py:spawn_call(time, sleep, [60], #{}, 200),
    py_ct:eventually(fun() -> not py_ct:is_idle(default) end),
    py_ct:eventually(fun() -> py_ct:is_idle(default) end),
    ?assertEqual({error, timeout}, py:await(Call)),
    %% one that was in time keeps its result
    Other = py:spawn_call(math, sqrt, [4], #{}, 300),
    timer:sleep(500),
    ?assertEqual({ok, 2.0}, py:await(Other)),
    ?assertEqual([], py_ct:flush()).

interrupt(_Config) ->
    Call = py:spawn_call(time, sleep, [60]),
    py_ct:eventually(fun() -> not py_ct:is_idle(default) end),
    %% any process may
    ok = in_process(fun() -> py:interrupt(Call) end),
    ?assertEqual({error, cancelled}, py:await(Call)),
    ?assertEqual(ok, py:interrupt(Call)),
    %% what the code makes of it is its result
    ok = py:exec(<<"import erlang, time\ndef stubborn():\n    try: time.sleep(60)\n    except erlang.Interrupted: return 'caught'">>),
    Caught = py:spawn_call('__main__', stubborn, []),
    py_ct:eventually(fun() -> not py_ct:is_idle(default) end),
    ok = py:interrupt(Caught),
    ?assertEqual({ok, <<"caught">>}, py:await(Caught)),
    Done = py:spawn_call(math, sqrt, [4]),
    py_ct:eventually(fun has_mail/0),
    ok = py:interrupt(Done),
    ?assertEqual({ok, 2.0}, py:await(Done)),
    [?assertError(badarg, py:interrupt(X)) || X <- [x, make_ref()]],
    ?assertEqual([], py_ct:flush()).

%% The result of a call that was spawned has come.
has_mail() -> {messages, []} =/= process_info(self(), messages).

%% One that has not begun never does.
interrupt_before_it_begins(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = py:exec(<<"import helpers">>),
    First = py:spawn_call('__main__', 'helpers.wait_for', [SD, <<"go">>]),
    Second = py:spawn_call('__main__', 'helpers.put', [SD, <<"second">>, 1]),
    ok = py:interrupt(Second),
    ?assertEqual({error, cancelled}, py:await(Second)),
    ok = py:shared_dict_set(SD, go, true),
    ?assertEqual({ok, <<"went">>}, py:await(First)),
    ?assertEqual(undefined, py:shared_dict_get(SD, second)).

cancel(_Config) ->
    Pid = py_ct:os_pid(),
    Call = py:spawn_call(time, sleep, [60]),
    py_ct:eventually(fun() -> not py_ct:is_idle(default) end),
    ?assertEqual(refused, in_process(fun() -> try py:cancel(Call) catch error:badarg -> refused end end)),
    ?assertEqual({error, cancelled}, py:cancel(Call)),
    ?assertError(badarg, py:cancel(Call)),
    ?assertError(badarg, py:await(Call)),
    Done = py:spawn_call(math, sqrt, [4]),
    py_ct:eventually(fun has_mail/0),
    ?assertEqual({ok, 2.0}, py:cancel(Done)),
    ?assertError(badarg, py:cancel(x)),
    ?assertEqual(Pid, py_ct:os_pid()),
    ?assertEqual([], py_ct:flush()).

%% Code that does not listen goes with its OS process.
cancel_what_does_not_stop(_Config) ->
    Pid = py_ct:os_pid(),
    {ok, SD} = py:shared_dict_new(),
    Other = spawn_monitor(fun() -> exit(py:call(helpers, wait_for, [SD, <<"go">>])) end),
    Call = py:spawn_call(hostile, never_give_up, [SD]),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, begun) =:= true end),
    ?assertEqual({error, cancelled}, py:cancel(Call)),
    {OtherPid, Monitor} = Other,
    Self = self(),
    receive {'DOWN', Monitor, process, OtherPid, Why} ->
            ?assertMatch({error, {worker_died, #{reason := {stuck_call, Self}, exit_status := 5}}}, Why)
    end,
    py_ct:await_another(Pid),
    ?assertEqual(true, py:shared_dict_get(SD, begun)),
    Interrupted = py:spawn_call(hostile, never_give_up, [SD]),
    ok = py:shared_dict_del(SD, begun),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, begun) =:= true end),
    ok = py:interrupt(Interrupted),
    ?assertMatch({error, {worker_died, #{reason := {stuck_call, Self}}}}, py:await(Interrupted)),
    ?assertEqual({ok, 2.0}, py:call(math, sqrt, [4])).

spawn_main(_Config) ->
    ok = py:exec(<<"def where(): return mark\nmark = 'here'">>),
    Calls = [py:spawn_call('__main__', where, []) || _ <- lists:seq(1, 20)],
    ?assertEqual([{ok, <<"here">>}], lists:usort([py:await(Call) || Call <- Calls])).

cast(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ?assertEqual(ok, py:cast(helpers, put, [SD, <<"k">>, 1])),
    %% in order with what follows
    ?assertEqual({ok, 1}, py:eval(<<"__import__('erlang').SharedDict(sd)['k']">>, #{sd => SD})),
    ?assertEqual(ok, py:cast(helpers, put, [SD], #{key => <<"k">>, value => 2})),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, k) =:= 2 end),
    ?assertEqual([], py_ct:flush()).

cast_of_a_dead_process(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = in_process(fun() -> py:cast(helpers, put, [SD, <<"k">>, done]) end),
    py_ct:eventually(fun() -> py:shared_dict_get(SD, k) =:= <<"done">> end).

cast_fails(_Config) ->
    with_log(fun() ->
                     ok = py:cast(math, sqrt, [-1]),
                     #{level := warning, text := Text} = logged(<<"py:cast failed">>),
                     ?assertNotEqual(nomatch, binary:match(Text, <<"ValueError: math domain error">>))
             end).

log_domain(Config) ->
    with_pyport(Config, log_domain, [pyport, shop],
                fun() ->
                        with_log(fun() ->
                                         ok = py:exec(<<"print('in the shop')">>),
                                         ?assertMatch(#{meta := #{domain := [pyport, shop]}}, logged(<<"in the shop">>))
                                 end)
                end).

%% What None becomes, wherever it stands; all three are None in Python, whichever comes back.
none_atom(Config) ->
    [with_pyport(Config, none, None,
                 fun() ->
                         {ok, SD} = py:shared_dict_new(),
                         [begin
                              ok = py:shared_dict_set(SD, k, [Given, #{k => Given}]),
                              ?assertEqual([None, #{<<"k">> => None}], py:shared_dict_get(SD, k)),
                              ?assertEqual({ok, None}, py:eval(<<"x">>, #{x => Given})),
                              ?assertEqual({ok, true}, py:eval(<<"x is None">>, #{x => Given}))
                          end || Given <- [none, nil, undefined]],
                         ?assertEqual({ok, #{None => 1}}, py:eval(<<"{None: 1}">>)),
                         ?assertEqual({ok, None}, py:call(builtins, print, []))
                 end) || None <- [none, nil, undefined]].

printing(_Config) ->
    with_log(fun() ->
                     ok = py:exec(<<"import sys\nprint('to stdout')\nprint('to stderr', file=sys.stderr)\nprint('s\\u00fc\\u00df')">>),
                     ?assertMatch(#{level := notice, meta := #{domain := [pyport, python], stream := stdout,
                     interpreter := N}}
                                    when is_integer(N), logged(<<"to stdout">>)),
                     ?assertMatch(#{meta := #{stream := stderr}}, logged(<<"to stderr">>)),
                     logged(<<"süß"/utf8>>)
             end).

logging(_Config) ->
    with_log(fun() ->
                     ok = py:exec(<<"import logging\nlogging.getLogger('shop.stock').warning('only %d left', 3)\n"
                                    "logging.getLogger('shop').error('sold out')\nlogging.critical('gone')">>),
                     ?assertMatch(#{level := warning, meta := #{stream := log, python_logger := <<"shop.stock">>}},
                                  logged(<<"only 3 left">>)),
                     ?assertMatch(#{level := error, meta := #{python_logger := <<"shop">>}}, logged(<<"sold out">>)),
                     ?assertMatch(#{level := critical}, logged(<<"gone">>))
             end).

no_format_strings(_Config) ->
    with_log(fun() ->
                     ok = py:exec(<<"print('100 %~s ~p ~n done')">>),
                     #{text := Text} = logged(<<"~s">>),
                     ?assertEqual(<<"100 %~s ~p ~n done">>, Text)
             end).

%% More lines than there is credit: it is given back, and none is lost.
much_output(_Config) ->
    with_log(fun() ->
                     ok = py:exec(<<"for i in range(5000): print(f'line {i}.')">>),
                     [logged(<<"line ", (integer_to_binary(N))/binary, ".">>) || N <- lists:seq(0, 4999)]
             end).

%% Line by line, with rests between: the credit for each comes back too.
little_output_often(_Config) ->
    with_log(fun() ->
                     [begin
                          ok = py:exec(<<"print(f'single {n}.')">>, #{n => N}),
                          logged(<<"single ", (integer_to_binary(N))/binary, ".">>)
                      end || N <- lists:seq(1, 1500)]
             end).

%% The credit of the events that a killed py_log took with it is not lost for ever.
log_server_is_killed(_Config) ->
    [begin
         Old = whereis(py_log),
         Printing = py:spawn_call(helpers, print_lines, [900]),
         exit(Old, kill),
         {ok, none} = py:await(Printing),
         py_ct:eventually(fun() -> is_pid(whereis(py_log)) andalso whereis(py_log) =/= Old end)
     end || _ <- [1, 2, 3]],
    with_log(fun() ->
                     ok = py:exec(<<"for i in range(2000): print(f'after {i}.')">>),
                     [logged(<<"after ", (integer_to_binary(N))/binary, ".">>) || N <- lists:seq(0, 1999)]
             end).

overloaded_queue(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    Calls = [py:spawn_call(helpers, wait_for, [SD, <<"go">>], #{}, 60000) || _ <- lists:seq(1, 300)],
    %% 2 interpreters, each with one running and 50 waiting: the rest is told at once
    ?assertEqual({error, overloaded}, py:await(lists:last(Calls))),
    ok = py:shared_dict_set(SD, go, true),
    Results = [py:await(Call) || Call <- lists:droplast(Calls)],
    ?assertEqual([{error, overloaded}, {ok, <<"went">>}], lists:usort(Results)),
    Went = length([ok || {ok, _} <- Results]),
    ?assert(Went >= 100 andalso Went =< 104).

version_and_info(_Config) ->
    #{pyport := Version, program := Program, python := Python, protocol := 1} = py:version(),
    {ok, AppVersion} = application:get_key(pyport, vsn),
    ?assertEqual({list_to_binary(AppVersion), list_to_binary(AppVersion)}, {Version, Program}),
    {ok, FromPython} = py:eval(<<"'.'.join(map(str, __import__('sys').version_info[:3]))">>),
    ?assertEqual(FromPython, Python),
    #{dicts := D, keys := K, bytes := B, used := U, free := F, pinned := P, repairs := R, processes := 2, file_bytes := FB,
      max_bytes := MB, namespaces := N, in_flight := 0, table := #{os_pid := TablePid, uptime_ms := TU, in_flight := 0},
      pools := #{default := #{isolation := interpreter, size := 2, workers := [Worker]}}} = py:info(),
    #{status := up, os_pid := Pid, uptime_ms := Up, rss := Rss, calls := Calls, namespaces := N, in_flight := 0,
      interpreters := [#{id := 1, jobs_done := J1} = One, #{id := 2, jobs_done := J2}]} = Worker,
    [?assert(is_integer(X) andalso X >= 0) || X <- [D, K, B, U, F, P, R, FB, MB, N, TU, Up, Rss, Calls, J1, J2]],
    ?assertEqual(Calls, J1 + J2),
    ?assertMatch(#{busy := _, busy_us := _, jobs_waiting := 0, namespaces := _}, One),
    ?assertEqual({ok, Pid}, py:call(os, getpid, [])),
    ?assertNotEqual(Pid, TablePid).

info_of_a_dict(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ?assertMatch(#{keys := 0, bytes := 0, pinned := 0}, py:info(SD)),
    ok = py:shared_dict_set(SD, <<"key">>, <<"value">>),
    #{keys := 1, bytes := Bytes} = py:info(SD),
    ?assert(Bytes >= 8),
    ?assertError(badarg, py:info(x)),
    ok = py:shared_dict_destroy(SD),
    ?assertError(badarg, py:info(SD)).

%% Many processes at once, each with its own names.
reentrant_processes(_Config) ->
    Own = fun(N) ->
                  ok = py:exec(<<"n = start">>, #{start => N}),
                  [ok = py:exec(<<"n += 1">>) || _ <- lists:seq(1, 20)],
                  {ok, End} = py:eval(<<"n">>),
                  exit({result, End - N})
          end,
    Pids = [spawn_monitor(fun() -> Own(N) end) || N <- lists:seq(1, 40)],
    [receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual({result, 20}, Why) end || {Pid, Monitor} <- Pids].

%%% Helpers

%% Runs Fun in a pyport that was started with this configured.
with_pyport(Config, Key, Value, Fun) ->
    ok = py_ct:stop(Config),
    ok = application:set_env(pyport, Key, Value),
    {ok, _} = application:ensure_all_started(pyport),
    try Fun()
    after
        application:stop(pyport),
        application:unset_env(pyport, Key),
        _ = py_ct:start([], [{max_queue, 50}])
    end.

in_process(Fun) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({result, Fun()}) end),
    receive {'DOWN', Monitor, process, Pid, {result, Result}} -> Result end.

%% Runs Fun with all of our log events coming to this process.
with_log(Fun) ->
    Test = self(),
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => Test, level => all,
                                                filter_default => stop,
                                                filters => [{ours, {fun logger_filters:domain/2, {log, sub,
                                                [pyport]}}}]}),
    Level = maps:get(level, logger:get_primary_config()),
    ok = logger:set_primary_config(level, all),
    try Fun()
    after
        logger:set_primary_config(level, Level),
        logger:remove_handler(?MODULE),
        py_ct:flush()
    end.

%% A logger handler, called in the process that logs.
log(#{level := Level, meta := Meta} = Event, #{config := Test}) ->
    Text = iolist_to_binary(unicode:characters_to_binary(logger_formatter:format(Event, #{template => [msg]}))),
    Test ! {logged, #{level => Level, meta => Meta, text => Text}}.

%% The event whose text holds these words.
logged(Words) ->
    receive
        {logged, #{text := Text} = Event} ->
            case binary:match(Text, Words) of
                nomatch -> logged(Words);
                _ -> Event
            end
    after 20000 -> ct:fail({not_logged, Words})
    end.
