-module(py_stderr_tests).

-include_lib("eunit/include/eunit.hrl").
-include_lib("kernel/include/file.hrl").

%% Fun is given the state and an appending writer, as a port program is one.
with_file(Fun) ->
    Path = iolist_to_binary(["/tmp/py_stderr_tests-", os:getpid(), "-", integer_to_list(erlang:unique_integer([positive]))]),
    {ok, Stderr} = py_stderr:create(Path),
    Way = py_stderr:path(Stderr),
    {ok, Writer} = file:open(Way, [append, raw, binary]),
    try Fun(Stderr, fun(Bytes) -> ok = file:write(Writer, Bytes) end, {Path, Way})
    after
        _ = file:close(Writer),
        ok = py_stderr:close(Stderr)
    end.

what_is_written_is_read_test() ->
    with_file(fun(New, Write, _) ->
                      ?assertMatch({0, <<>>, _}, py_stderr:read(New)),
                      Write(<<"one">>),
                      {0, <<"one">>, Read} = py_stderr:read(New),
                      Write(<<" two">>),
                      Write(<<" three">>),
                      {0, <<" two three">>, All} = py_stderr:read(Read),
                      ?assertMatch({0, <<>>, All}, py_stderr:read(All)),
                      ?assertEqual(<<"one two three">>, py_stderr:tail(All))
              end).

%% For its owner alone, and without a name from the start.
nobody_else_test() ->
    with_file(fun(Stderr, Write, {Path, Way}) ->
                      {ok, #file_info{mode = Mode}} = file:read_file_info(Way),
                      ?assertEqual(8#600, Mode band 8#777),
                      ?assertEqual({error, enoent}, file:read_file_info(Path)),
                      ok = py_stderr:remove_name(Stderr),
                      Write(<<"last words">>),
                      ?assertMatch({0, <<"last words">>, _}, py_stderr:read(Stderr))
              end).

only_the_end_of_much_test() ->
    with_file(fun(Stderr, Write, _) ->
                      Write(binary:copy(<<"x">>, 100000)),
                      Write(<<"end">>),
                      {Dropped, New, Read} = py_stderr:read(Stderr),
                      ?assertEqual(100003 - 65536, Dropped),
                      ?assertEqual(65536, byte_size(New)),
                      ?assertEqual(<<(binary:copy(<<"x">>, 4093))/binary, "end">>, py_stderr:tail(Read))
              end).

%% A file that grows for ever is emptied, and goes on from its start.
emptied_test() ->
    with_file(fun(Stderr, Write, {_, Way}) ->
                      Write(binary:copy(<<"x">>, (1 bsl 20) + 1)),
                      {_, _, Read} = py_stderr:read(Stderr),
                      ?assertMatch({ok, #file_info{size = 0}}, file:read_file_info(Way)),
                      Write(<<"more">>),
                      {0, <<"more">>, More} = py_stderr:read(Read),
                      ?assertEqual(<<(binary:copy(<<"x">>, 4092))/binary, "more">>, py_stderr:tail(More))
              end).

no_folder_test() -> ?assertEqual({error, enoent}, py_stderr:create(<<"/no/such/folder/file">>)).

keep_test_() ->
    Long = binary:copy(<<"x">>, 4096),
    [?_assertEqual(Kept, py_stderr:keep(Tail, New))
     || {Tail, New, Kept} <- [{<<>>, <<>>, <<>>}, {<<"a">>, <<"b">>, <<"ab">>}, {<<"a">>, Long, Long},
                              {Long, <<"b">>, <<(binary:part(Long, 1, 4095))/binary, "b">>}]].

lines_test_() ->
    [?_assertEqual(Text, py_stderr:lines(Bytes))
     || {Bytes, Text} <- [{<<"a\nb\n\n">>, <<"a\nb">>}, {<<"süß"/utf8>>, <<"süß"/utf8>>}, {<<"s\374\337">>, <<"süß"/utf8>>}]].
