%% Packages from the index, which the set-up installs (scripts/setup test): refused in interpreters that have a
%% GIL each, at work in processes of their own.
-module(py_packages_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([packages_are_installed/1, numpy_is_refused/1, pandas_is_refused/1, pydantic_is_refused/1, orjson_is_refused/1,
         cryptography_is_refused/1, refused_in_all_at_once/1, refused_in_the_middle_of_work/1,
         refused_when_a_value_needs_it/1, pure_packages_pass/1, allowed_packages_pass/1, all_work_in_processes/1,
         work_in_parallel/1, arrays_in_dicts/1, arrays_in_place/1, arrays_through_erlang/1,
         frames_in_dicts/1, arrays_are_replaced_whole/1, preloaded/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 5}}].

%% Without the packages nothing here can be shown: that is a failure, and nothing is skipped.
all() -> [packages_are_installed | [Case || py_ct:venv() =/= none, Case <- cases()]].

cases() ->
    [numpy_is_refused, pandas_is_refused, pydantic_is_refused, orjson_is_refused, cryptography_is_refused,
     refused_in_all_at_once, refused_in_the_middle_of_work, refused_when_a_value_needs_it, pure_packages_pass,
     allowed_packages_pass, all_work_in_processes, work_in_parallel, arrays_in_dicts, arrays_in_place, arrays_through_erlang,
     frames_in_dicts, arrays_are_replaced_whole, preloaded].

init_per_suite(Config) -> start(py_ct:venv(), Config).

start(none, Config) -> py_ct:start(Config);
start(Venv, Config) ->
    Started = py_ct:start(Config, [{python, Venv}, {call_timeout, 120000}]),
    %% One thread a process, so that processes are what runs in parallel.
    ok = py:start_pool(science, #{isolation => process, size => 2, python => Venv,
                                  env => #{"OPENBLAS_NUM_THREADS" => "1"}}),
    ok = py:start_pool(inside, #{isolation => interpreter, size => 2, python => Venv}),
    [{venv, Venv} | Started].

end_per_suite(Config) ->
    [ok = py:stop_pool(Pool) || py_ct:venv() =/= none, Pool <- [science, inside]],
    py_ct:stop(Config).

init_per_testcase(_Case, Config) ->
    {ok, SD} = py:shared_dict_new(),
    [{dict, SD} | Config].

end_per_testcase(_Case, Config) -> py:shared_dict_destroy(?config(dict, Config)).

packages_are_installed(_Config) ->
    py_ct:venv() =/= none orelse ct:fail("the packages are not installed; scripts/setup test says why and tries again").

%%% Refused

numpy_is_refused(_Config) ->
    refused(numpy, numpy, text("numpy", "numpy._core._multiarray_umath")),
    refused('numpy.linalg', numpy, text("numpy", "numpy._core._multiarray_umath")),
    ?assertEqual({error, {'ImportError', text("numpy", "numpy._core._multiarray_umath")}},
                 said(py:call(inside, numpy, mean, [[1, 2, 3]]))).

pandas_is_refused(_Config) ->
    refused(pandas, pandas, <<"pandas needs numpy, which ", (about("numpy._core._multiarray_umath"))/binary>>).

pydantic_is_refused(_Config) ->
    refused(pydantic, pydantic, <<"pydantic needs pydantic_core, which ", (about("pydantic_core._pydantic_core"))/binary>>),
    refused(pydantic_core, pydantic, <<"pydantic_core ", (about("pydantic_core._pydantic_core"))/binary>>, false).

orjson_is_refused(_Config) -> refused(orjson, orjson, text("orjson", "orjson.orjson")).

%% The package itself is pure Python; what is in it is not.
cryptography_is_refused(_Config) ->
    refused('cryptography.fernet', cryptography, text("cryptography", "cryptography.hazmat.bindings._rust"), false).

refused(Module, Helper, Text) -> refused(Module, Helper, Text, true).

%% In every way, twice, with the same words; the OS process and its interpreters go on.
refused(Module, Helper, Text, AllGone) ->
    Before = os_pid(inside),
    Package = hd(string:split(atom_to_list(Module), ".")),
    Statement = iolist_to_binary(["import ", atom_to_list(Module)]),
    [begin
         ?assertEqual({error, {'ImportError', Text}}, said(py:exec(inside, Statement))),
         ?assertEqual({error, {'ImportError', Text}}, said(py:call(inside, importlib, import_module, [atom_to_binary(Module)]))),
         [?assertEqual({error, {'ImportError', Text}}, said(py:call(inside, packages, Helper, []))) || AllGone],
         Spawned = py:spawn_call(inside, importlib, import_module, [atom_to_binary(Module)]),
         ?assertEqual({error, {'ImportError', Text}}, said(py:await(Spawned))),
         [?assertEqual({ok, []}, py:call(inside, packages, parts_in_memory, [list_to_binary(Package)])) || AllGone]
     end || _ <- [first, second]],
    ?assertEqual({ok, 4.0}, py:call(inside, math, sqrt, [16])),
    ?assertEqual(Before, os_pid(inside)).

text(Package, Module) -> iolist_to_binary([Package, " ", about(Module)]).

about(Module) ->
    iolist_to_binary(["does not support own-GIL interpreters (its extension module ", Module,
                      " does not declare it); use a pool with isolation => process"]).

said({error, {Type, #{message := Text}}}) -> {error, {Type, Text}};
said(Other) -> Other.

%% Both interpreters, several packages, at the same time.
refused_in_all_at_once(_Config) ->
    Before = os_pid(inside),
    Modules = [numpy, pandas, pydantic, orjson, 'cryptography.fernet'],
    Calls = [py:spawn_call(inside, importlib, import_module, [atom_to_binary(Module)]) || _ <- lists:seq(1, 20), Module <- Modules],
    [?assertMatch({error, {'ImportError', _}}, said(py:await(Call))) || Call <- Calls],
    ?assertEqual(Before, os_pid(inside)).

%% A namespace that had something before has it afterwards.
refused_in_the_middle_of_work(_Config) ->
    ok = py:exec(inside, <<"import json\nkept = [1]">>),
    Code = <<"try:\n import numpy\nexcept ImportError as error:\n kept.append(str(error))\nelse:\n kept.append('no')">>,
    ok = py:exec(inside, Code),
    ok = py:exec(inside, Code),
    Text = text("numpy", "numpy._core._multiarray_umath"),
    ?assertEqual({ok, [1, Text, Text]}, py:eval(inside, <<"kept">>)).

%% An array in a dict is read by a process that can, and only by such.
refused_when_a_value_needs_it(Config) ->
    SD = ?config(dict, Config),
    {ok, _} = py:call(science, packages, put_array, [SD, <<"integers">>]),
    ?assertEqual({error, {'ImportError', text("numpy", "numpy._core._multiarray_umath")}},
                 said(py:call(inside, packages, read, [SD, <<"integers">>]))),
    ?assertEqual({ok, <<"ndarray">>}, py:call(science, packages, read, [SD, <<"integers">>])).

pure_packages_pass(_Config) ->
    Wanted = {ok, [<<"2024-02-29T12:00:00">>, <<"six">>, <<"UTC">>]},
    ?assertEqual(Wanted, py:call(inside, packages, without_extension_modules, [])),
    ?assertEqual(Wanted, py:call(science, packages, without_extension_modules, [])).

%% The option lets a package through that is known to work although it does not say so: this one does for one
%% interpreter, and is refused in the pool beside it.
allowed_packages_pass(Config) ->
    ok = py:start_pool(allowing, #{size => 1, python => ?config(venv, Config), allow_import => [orjson]}),
    try
        ?assertMatch({ok, #{<<"list">> := [1, 2.5, none]}}, py:call(allowing, packages, orjson, [])),
        ?assertEqual({error, {'ImportError', text("orjson", "orjson.orjson")}}, said(py:call(inside, packages, orjson, []))),
        ?assertMatch({error, {'ImportError', _}}, said(py:call(allowing, packages, numpy, [])))
    after
        ok = py:stop_pool(allowing)
    end.

%%% At work

all_work_in_processes(_Config) ->
    %% In both of them.
    [begin
         ?assertEqual({ok, 5.0}, rounded(py:call(science, packages, numpy, []))),
         ?assertEqual({ok, #{<<"a">> => 4, <<"b">> => 2}}, py:call(science, packages, pandas, [])),
         ?assertEqual({ok, [#{<<"x">> => 1, <<"y">> => 7}, 1]}, py:call(science, packages, pydantic, [])),
         ?assertEqual({ok, #{<<"list">> => [1, 2.5, none], <<"text">> => <<"é"/utf8>>}}, py:call(science, packages, orjson, [])),
         ?assertEqual({ok, <<"secret">>}, py:call(science, packages, cryptography, []))
     end || _ <- [1, 2]].

rounded({ok, Number}) -> {ok, round(Number * 1000) / 1000};
rounded(Error) -> Error.

%% Two that wait for each other end only when both run; each then has the other's array.
work_in_parallel(Config) ->
    SD = ?config(dict, Config),
    Calls = [py:spawn_call(science, packages, meet, [SD, Me, Other]) || {Me, Other} <- [{<<"a">>, <<"b">>}, {<<"b">>, <<"a">>}]],
    [{ok, [A, B, 21000]}, {ok, [B, A, 21000]}] = [py:await(Call) || Call <- Calls],
    ?assertNotEqual(A, B, "the same OS process"),
    print_speed_up().

%% Printed, never asserted: the machine may have other work.
print_speed_up() ->
    Rounds = 100,
    busy(2, 1),
    One = busy(1, 2 * Rounds),
    Two = busy(2, Rounds),
    ct:pal("~b sorts of 200,000 numbers: one process ~b ms, two ~b ms: ~.2f times as fast (~b schedulers)",
           [2 * Rounds, One, Two, One / Two, erlang:system_info(schedulers_online)]).

busy(Processes, Rounds) ->
    Start = py_ct:ms(0),
    Calls = [py:spawn_call(science, packages, busy, [Rounds]) || _ <- lists:seq(1, Processes)],
    [{ok, _} = py:await(Call, infinity) || Call <- Calls],
    py_ct:ms(Start).

%% Put by one process, read by the other; and by the one that put them.
arrays_in_dicts(Config) ->
    SD = ?config(dict, Config),
    [begin
         {ok, Writer} = py:call(science, packages, put_array, [SD, Kind]),
         Readers = [Reader || {ok, [true, Reader]} <- from_both(<<"same_array">>, [SD, Kind])],
         ?assertEqual(2, length(Readers), Kind),
         ?assert(lists:member(Writer, Readers))
     end || Kind <- kinds()].

kinds() -> [<<"integers">>, <<"floats">>, <<"records">>, <<"empty">>, <<"strided">>, <<"times">>, <<"objects">>].

%% Results of a function in each of the two processes, at the same time.
from_both(Function, Args) ->
    {ok, Gate} = py:shared_dict_new(),
    Calls = [py:spawn_call(science, packages, together, [Gate, Me, Other, Function, Args]) || {Me, Other} <- [{1, 2}, {2, 1}]],
    Results = [py:await(Call) || Call <- Calls],
    ok = py:shared_dict_destroy(Gate),
    Results.

%% Erlang has an array as an object that it can keep, send, put elsewhere and give back.
arrays_through_erlang(Config) ->
    SD = ?config(dict, Config),
    {ok, _} = py:call(science, packages, put_array, [SD, <<"floats">>]),
    Array = py:shared_dict_get(SD, <<"floats">>),
    ?assertMatch({py_object, _, _}, Array),
    ok = py:shared_dict_set(SD, <<"copy">>, Array),
    ?assertMatch({ok, [true, _]}, py:call(science, packages, same_array, [SD, <<"floats">>, <<"copy">>])),
    ?assertMatch({ok, 50000.0}, rounded(py:call(science, packages, sum_of, [Array]))),
    {ok, Returned} = py:call(science, packages, array, [<<"floats">>]),
    ?assertMatch({ok, 50000.0}, rounded(py:call(science, packages, sum_of, [Returned]))),
    ?assertEqual({ok, 2.5}, rounded(py:eval(science, <<"float(a.mean() * 5)">>, #{a => Array}))).

frames_in_dicts(Config) ->
    SD = ?config(dict, Config),
    {ok, none} = py:call(science, packages, put_frame, [SD]),
    ?assertEqual([{ok, 4.0}, {ok, 4.0}], from_both(<<"frame_sum">>, [SD])).

%% What one process stored lies in the other's memory, read-only, aligned, and stays when the key has gone.
arrays_in_place(Config) ->
    SD = ?config(dict, Config),
    {ok, Writer} = py:call(science, packages, put_array, [SD, <<"floats">>]),
    Readers = [Reader || {ok, [[], Reader]} <- from_both(<<"in_place">>, [SD, <<"floats">>])],
    ?assertEqual(2, length(Readers)),
    ?assert(lists:member(Writer, Readers)),
    ok = py:exec(science, <<"from erlang import SharedDict\nkept = SharedDict(sd)['floats']">>, #{sd => SD}),
    ?assertMatch(#{pinned := 1}, py:info(SD)),
    ok = py:shared_dict_set(SD, <<"floats">>, 0),
    [ok = py:shared_dict_set(SD, N, binary:copy(<<255>>, 800_000)) || N <- lists:seq(1, 10)],
    ok = py:shared_dict_destroy(SD),
    ?assertEqual({ok, 50000.0}, rounded(py:eval(science, <<"float(kept.sum())">>))),
    ok = py:exec(science, <<"del kept">>).

%% While one process replaces an array, over and over, the other never sees half of one.
arrays_are_replaced_whole(Config) ->
    SD = ?config(dict, Config),
    ok = py:exec(science, <<"import numpy\nsd['a'] = numpy.zeros(20000, int)">>, #{sd => SD}),
    Writer = py:spawn_call(science, packages, add_one, [SD, <<"a">>, 300]),
    Reader = py:spawn_call(science, packages, whole_arrays, [SD, <<"a">>, 300]),
    ?assertEqual({ok, none}, py:await(Writer)),
    ?assertEqual({ok, []}, py:await(Reader)).

preloaded(Config) ->
    ok = py:start_pool(ready, #{isolation => process, size => 1, python => ?config(venv, Config), preload => [numpy]}),
    try ?assertEqual({ok, true}, py:eval(ready, <<"'numpy' in __import__('sys').modules">>))
    after
        ok = py:stop_pool(ready)
    end,
    %% Where it would be refused, the pool does not start, and says why.
    {error, Why} = py:start_pool(never, #{size => 1, python => ?config(venv, Config), preload => [numpy]}),
    ?assertMatch({_, _}, binary:match(iolist_to_binary(io_lib:format("~p", [Why])), <<"isolation => process">>)).

os_pid(Pool) ->
    {ok, Pid} = py:call(Pool, os, getpid, []),
    Pid.
