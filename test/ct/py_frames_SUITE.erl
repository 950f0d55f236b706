%% Frames that Erlang would never send, given to the real executable through a port of its own, in both of its roles: each
%% is refused with an ERROR, and the next good one is answered.
-module(py_frames_SUITE).

-export([all/0, groups/0, suite/0, init_per_group/2, end_per_group/2, init_per_testcase/2, end_per_testcase/2]).
-export([golden/1, bad_headers/1, bad_bodies/1, truncated/1, unknown_tags/1, counts_and_depth/1, atoms/1, compressed/1, trailing_bytes/1,
         oversized/1, before_hello/1, second_hello/1, bad_hello/1, garbage/1, mutated_golden_frames/1, no_reply_errors/1,
         end_of_input/1, split_frames/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").
-include("../../erl_src/py_protocol.hrl").

-define(H, <<1:128>>).
-define(MAX_FRAME, (4 bsl 20)).

suite() -> [{timetrap, {minutes, 3}}].

all() -> [{group, table}, {group, python}].

groups() ->
    Both = [golden, bad_headers, bad_bodies, counts_and_depth, compressed, trailing_bytes, oversized, before_hello, second_hello,
            bad_hello, garbage, mutated_golden_frames, end_of_input, split_frames],
    [{table, [], Both ++ [truncated, unknown_tags, atoms]}, {python, [], Both ++ [no_reply_errors]}].

init_per_group(Role, Config) ->
    _ = application:load(pyport),
    _ = py_protocol:known_atoms(),
    [{role, Role} | Config].

end_per_group(_Role, _Config) -> ok.

%% Each case has a table of its own; a port program that runs Python attaches to it.
init_per_testcase(Case, Config) ->
    File = iolist_to_binary(filename:join(?config(priv_dir, Config), ["table", integer_to_list(erlang:unique_integer([positive]))])),
    WithFile = [{file, File} | Config],
    Tables = [begin
                  Table = open(),
                  hello(Table, options(table, WithFile)),
                  Table
              end || ?config(role, Config) =:= python],
    Port = open(),
    lists:member(Case, [before_hello, bad_hello, golden]) orelse hello(Port, options(WithFile)),
    [{port, Port}, {tables, Tables} | WithFile].

end_per_testcase(_Case, Config) ->
    _ = file:delete(?config(file, Config)),
    Ports = [?config(port, Config) | ?config(tables, Config)],
    Pids = [Pid || Port <- Ports, {os_pid, Pid} <- [erlang:port_info(Port, os_pid)]],
    _ = [catch port_close(Port) || Port <- Ports],
    py_ct:eventually(fun() -> [] =:= [Pid || Pid <- Pids, py_ct:is_alive(Pid)] end).

%%% Cases

%% The golden requests are answered with the golden kinds of reply.
golden(Config) ->
    Port = ?config(port, Config),
    Golden = maps:from_list(golden_frames()),
    hello(Port, options(Config)),   % the golden one names a file that is not there
    [?assertEqual({Name, Reply}, {Name, element(1, ask(Port, maps:get(Name, Golden)))}) || {Name, Reply} <- golden(role, Config)].

golden(role, Config) ->
    [{"request_ping", ?REPLY_OK}, {"request_info", ?REPLY_VALUE} | answers(?config(role, Config))].

answers(table) ->
    [{"request_new", ?REPLY_OK}, {"request_new", ?REPLY_ERROR}, {"request_dicts", ?REPLY_VALUE}, {"request_stat", ?REPLY_VALUE},
     {"request_set", ?REPLY_OK}, {"request_get", ?REPLY_VALUE}, {"request_keys", ?REPLY_VALUE}, {"request_stat", ?REPLY_VALUE},
     {"request_del", ?REPLY_OK}, {"request_del", ?REPLY_MISSING}, {"request_get", ?REPLY_MISSING},
     {"request_set_many", ?REPLY_OK}, {"request_get_many", ?REPLY_VALUE}, {"request_get_many_small", ?REPLY_VALUE},
     {"request_items", ?REPLY_VALUE}, {"request_items_stamped", ?REPLY_VALUE}, {"request_get_many_stamped", ?REPLY_VALUE},
     {"request_keys_stamped", ?REPLY_VALUE}, {"request_stat_stamped", ?REPLY_VALUE}, {"request_transact", ?REPLY_VALUE},
     {"request_transact_nothing", ?REPLY_OK}, {"request_transact_small", ?REPLY_VALUE},
     {"request_del_many", ?REPLY_OK}, {"request_set_many_none", ?REPLY_OK},
     {"request_get_integer_key", ?REPLY_MISSING}, {"request_get_smallest_key", ?REPLY_MISSING},
     {"request_get_largest_key", ?REPLY_MISSING}, {"request_set_atom", ?REPLY_OK}, {"request_sweep", ?REPLY_OK},
     {"request_destroy", ?REPLY_OK}, {"request_destroy_none", ?REPLY_OK}, {"request_get", ?REPLY_GONE},
     {"request_stat", ?REPLY_GONE}, {"request_set_many", ?REPLY_GONE}, {"request_get_many", ?REPLY_GONE},
     {"request_del_many", ?REPLY_GONE}, {"request_items", ?REPLY_GONE}, {"request_transact", ?REPLY_GONE}, {"request_eval", ?REPLY_ERROR}];
answers(python) ->
    [{"request_ns_new", ?REPLY_OK}, {"request_ns_new_large", ?REPLY_OK},
     {"request_call", ?REPLY_VALUE}, {"request_call_any", ?REPLY_VALUE}, {"request_eval", ?REPLY_VALUE},
     {"request_exec", ?REPLY_OK}, {"request_run", ?REPLY_EXCEPTION}, {"request_ns_drop", ?REPLY_OK},
     {"request_call", ?REPLY_ERROR}, {"request_get", ?REPLY_ERROR}].

%% The operations of each role that are answered.
ops(table) ->
    [?OP_NEW, ?OP_DESTROY, ?OP_GET, ?OP_SET, ?OP_DEL, ?OP_KEYS, ?OP_STAT, ?OP_GET_MANY, ?OP_SET_MANY, ?OP_DEL_MANY, ?OP_ITEMS,
     ?OP_PUT_IF, ?OP_TAKE, ?OP_CLEAR, ?OP_IS_KEY, ?OP_DEL_IF, ?OP_NUMBER, ?OP_TRANSACT, ?OP_DICTS, ?OP_SWEEP];
ops(python) -> [?OP_CALL, ?OP_EVAL, ?OP_EXEC, ?OP_RUN, ?OP_NS_NEW, ?OP_NS_DROP];
ops(Config) -> ops(?config(role, Config)).

%% A frame of the role that takes a large body.
large(Config, Body) ->
    case ?config(role, Config) of
        table -> [header(?OP_SET, 9), Body];
        python -> [header(?OP_EVAL, 9), Body]
    end.

bad_headers(Config) ->
    Port = ?config(port, Config),
    %% unknown operations
    [?assertEqual({Op, {?REPLY_ERROR, {unknown_op, Op}}}, {Op, ask(Port, <<1, Op, 0:16, 9:32>>)})
     || Op <- [0, 4, 16#0f, 16#28, 16#3f, 16#7f, 16#80, 16#81, 16#c0, 16#ff]],
    %% those of the other role
    [?assertEqual({Op, {?REPLY_ERROR, {unknown_op, Op}}}, {Op, ask(Port, frame(Op, 9, Body))})
     || {Op, Body} <- [{?OP_NEW, ?H}, {?OP_GET, {?H, <<"k">>}}, {?OP_NS_NEW, [1]}, {?OP_EVAL, {1, <<"1">>, #{}}}],
        not lists:member(Op, ops(Config))],
    %% another version of the protocol, unknown flags, no whole header
    ?assertMatch({?REPLY_ERROR, _}, ask(Port, <<2, ?OP_PING, 0:16, 9:32>>)),
    ?assertMatch({?REPLY_ERROR, _}, ask(Port, <<1, ?OP_PING, 16#8000:16, 9:32>>)),
    [send(Port, binary_part(<<1, ?OP_PING, 0:16, 9:32>>, 0, N)) || N <- lists:seq(0, 7)],
    alive(Port).

%% Good ETF, but not what the operation takes.
bad_bodies(Config) ->
    Port = ?config(port, Config),
    Key = <<"k">>,
    Bad = [{?OP_PING, 1}, {?OP_NEW, x}, {?OP_NEW, <<1:120>>}, {?OP_NEW, [?H]}, {?OP_DESTROY, ?H}, {?OP_DESTROY, [x]},
           {?OP_DESTROY, [<<1:120>>]}, {?OP_DESTROY, [?H | ?H]}, {?OP_GET, ?H}, {?OP_GET, {?H}}, {?OP_GET, {?H, Key, Key}},
           {?OP_GET, {<<>>, Key}}, {?OP_GET, {?H, "k"}}, {?OP_GET, {?H, 1.0}}, {?OP_GET, {?H, 1 bsl 64}}, {?OP_GET, {?H, k}},
           {?OP_SET, {?H, Key}}, {?OP_SET, [?H, Key, 1]}, {?OP_SET, {?H, {}, 1}}, {?OP_DEL, {Key, ?H}}, {?OP_KEYS, {?H}},
           {?OP_STAT, x}, {?OP_STAT, <<1:120>>}, {?OP_ITEMS, []}, {?OP_GET_MANY, {?H, Key}}, {?OP_GET_MANY, {?H, [Key | Key]}},
           {?OP_GET_MANY, {?H, [k]}}, {?OP_DEL_MANY, {?H, [1.0]}}, {?OP_DEL_MANY, [?H]},
           {?OP_SET_MANY, {?H, #{Key => 1}}}, {?OP_SET_MANY, {?H, [{Key, 1} | {Key, 1}]}}, {?OP_SET_MANY, {?H, [{k, 1}]}},
           {?OP_SET_MANY, {?H, [{Key, 1, 1}]}}, {?OP_DICTS, 1}, {?OP_SWEEP, []},
           {?OP_TRANSACT, {?H, [], []}}, {?OP_TRANSACT, {?H, [{Key, -1}], [], []}}, {?OP_TRANSACT, {?H, [Key], [], []}},
           {?OP_TRANSACT, {?H, [], [Key], []}}, {?OP_TRANSACT, {?H, [], [], [k]}}, {?OP_TRANSACT, {?H, [], [], [{Key} | Key]}},
           {?OP_CALL, {1, m, f, [], #{}}}, {?OP_CALL, {0, Key, Key, [], #{}}}, {?OP_CALL, {-1, Key, Key, [], #{}}},
           {?OP_CALL, {1, Key, Key, {}, #{}}}, {?OP_CALL, {1, Key, Key, [], []}}, {?OP_CALL, {1, Key, Key, [1 | 2], #{}}},
           {?OP_CALL, {1 bsl 70, Key, Key, [], #{}}}, {?OP_EVAL, {1, Key}}, {?OP_EVAL, {1, 7, #{}}}, {?OP_EVAL, {1, Key, #{1 => 2}}},
           {?OP_EXEC, Key}, {?OP_RUN, {1, Key, Key}}, {?OP_RUN, {1, Key, [1]}}, {?OP_NS_NEW, 1}, {?OP_NS_NEW, [0]},
           {?OP_NS_NEW, [x]}, {?OP_NS_DROP, [1.5]}],
    Ops = [?OP_PING | ops(Config)],
    [?assertMatch({{Op, Body}, {?REPLY_ERROR, _}}, {{Op, Body}, ask(Port, frame(Op, 9, Body))})
     || {Op, Body} <- Bad, lists:member(Op, Ops)],
    %% no body where one must be, and one where none may be
    [?assertMatch({Op, {?REPLY_ERROR, _}}, {Op, ask(Port, <<1, Op, 0:16, 9:32>>)})
     || Op <- ops(Config) -- [?OP_DICTS, ?OP_SWEEP]],
    %% those that are never answered
    [send(Port, frame(Op, 9, Body)) || {Op, Body} <- [{?OP_CANCEL, x}, {?OP_CANCEL, -1}, {?OP_CANCEL, 4711}, {?OP_LOG_CREDIT, 0},
                                                      {?OP_LOG_CREDIT, x}, {?OP_LOG_CREDIT, 1 bsl 80}]],
    alive(Port).

%% Every beginning of a good body.
truncated(Config) ->
    Port = ?config(port, Config),
    Value = [1, -1, 1 bsl 40, 1 bsl 200, 1.5, atom, <<"binary">>, "string", {tuple}, #{map => [x]}, self(), make_ref(),
             hd(erlang:ports()), fun lists:map/2, <<1:3>>, [a | b]],
    Whole = py_protocol:encode({?H, <<"key">>, Value}),
    [?assertMatch({N, {?REPLY_ERROR, _}}, {N, ask(Port, [header(?OP_SET, 9), binary_part(Whole, 0, N)])})
     || N <- lists:seq(0, byte_size(Whole) - 1)],
    ?assertEqual({?REPLY_GONE, none}, ask(Port, [header(?OP_SET, 9), Whole])),
    alive(Port).

%% Every tag without what belongs to it, alone and where a value stands, and those that mean nothing with all they could want.
unknown_tags(Config) ->
    Port = ?config(port, Config),
    {?REPLY_OK, none} = ask(Port, frame(?OP_NEW, 8, ?H)),
    Head = <<131, 104, 3, 109, 16:32, 1:128, 109, 1:32, "k">>,
    [?assertMatch({Tag, {?REPLY_ERROR, _}}, {Tag, ask(Port, [header(Op, Tag + 1), Start, Tag])})
     || Tag <- lists:seq(0, 255) -- [106], {Op, Start} <- [{?OP_NEW, <<131>>}, {?OP_SET, Head}]],   % 106: []
    Known = [70, 77, 82, 88, 89, 90, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116,
             117, 118, 119, 120],
    [?assertMatch({Tag, {?REPLY_ERROR, {bad_etf, _}}}, {Tag, ask(Port, [header(?OP_SET, Tag + 1), Head, Tag, binary:copy(<<0>>, N)])})
     || Tag <- lists:seq(0, 255) -- Known, N <- [0, 1, 4, 8, 31, 64]],
    ?assertEqual({?REPLY_MISSING, none}, ask(Port, frame(?OP_GET, 9, {?H, <<"k">>}))),
    alive(Port).

counts_and_depth(Config) ->
    Port = ?config(port, Config),
    Max = 16#7fffffff,
    Huge = [<<131, 108, Max:32>>, <<131, 108, 16#ffffffff:32>>, <<131, 105, Max:32>>, <<131, 116, Max:32>>, <<131, 109, Max:32>>,
            <<131, 77, Max:32, 1>>, <<131, 111, Max:32, 0>>, <<131, 110, 255, 0>>, <<131, 107, 16#ffff:16>>, <<131, 104, 255>>,
            <<131, 90, 16#ffff:16>>, <<131, 118, 16#ffff:16>>, <<131, 112, Max:32>>],
    [?assertMatch({Body, {?REPLY_ERROR, _}}, {Body, ask(Port, large(Config, Body))}) || Body <- Huge],
    Deep = [binary:copy(<<104, 1>>, 1000000), binary:copy(<<108, 1:32>>, 150000), binary:copy(<<116, 1:32, 106>>, 100000),
            binary:copy(<<104, 1>>, 1000)],
    [?assertMatch({?REPLY_ERROR, _}, ask(Port, large(Config, [131, Body, 106]))) || Body <- Deep],
    alive(Port).

%% Names that are no UTF-8, too long, or unknown to everybody.
atoms(Config) ->
    Port = ?config(port, Config),
    {?REPLY_OK, none} = ask(Port, frame(?OP_NEW, 8, ?H)),
    Set = fun(Term) -> ask(Port, [header(?OP_SET, 9), <<131, 104, 3, 109, 16:32>>, ?H, <<109, 1:32, "k">>, Term]) end,
    [?assertMatch({Name, {?REPLY_ERROR, _}}, {Name, Set(<<119, (byte_size(Name)), Name/binary>>)})
     || Name <- [<<255>>, <<16#c0, 16#80>>, <<16#ed, 16#a0, 16#80>>, <<16#f8, 16#88, 16#80, 16#80, 16#80>>, <<"a", 16#e2>>]],
    ?assertMatch({?REPLY_ERROR, _}, Set([<<118, 1024:16>>, binary:copy(<<"ä"/utf8>>, 512)])),
    Before = erlang:system_info(atom_count),
    [{?REPLY_OK, none} = Set(<<119, 12, "unheard_", N:32/bitstring>>) || N <- [<<"aaaa">>, <<"bbbb">>, <<"cccc">>]],
    ?assertEqual({?REPLY_VALUE, <<"unheard_cccc">>}, ask(Port, frame(?OP_GET, 9, {?H, <<"k">>}))),
    ?assertEqual(Before, erlang:system_info(atom_count)),
    alive(Port).

compressed(Config) ->
    Port = ?config(port, Config),
    Bomb = term_to_binary(binary:copy(<<0>>, 100 bsl 20), [compressed]),
    ?assertMatch(<<131, 80, _/binary>>, Bomb),
    ?assertMatch({?REPLY_ERROR, {bad_etf, _}}, ask(Port, large(Config, Bomb))),
    alive(Port).

trailing_bytes(Config) ->
    Port = ?config(port, Config),
    [?assertMatch({?REPLY_ERROR, _}, ask(Port, [frame(Op, 9, Body), More]))
     || {Op, Body} <- [{?OP_NEW, ?H}, {?OP_GET, {?H, <<"k">>}}, {?OP_NS_NEW, [1]}, {?OP_EVAL, {1, <<"1">>, #{}}}],
        lists:member(Op, ops(Config)), More <- [<<0>>, <<106>>, py_protocol:encode(x)]],
    ?assertMatch({?REPLY_ERROR, _}, ask(Port, <<1, ?OP_PING, 0:16, 9:32, 0>>)),
    alive(Port).

%% A length above the cap: the stream behind it cannot be trusted, so the program ends, at once and cleanly.
oversized(Config) ->
    Port = ?config(port, Config),
    close_after(Port, large(Config, py_protocol:encode(binary:copy(<<0>>, ?MAX_FRAME)))),
    [begin
         Raw = open_raw(),
         true = port_command(Raw, <<Length:32, "whatever follows">>),
         receive {Raw, {exit_status, Status}} -> ?assert(Status < 128) after 20000 -> ct:fail(no_end) end
     end || Length <- [16#ffffffff, 16#80000000, 16#7fffffff, (1 bsl 20) + 1]].

before_hello(Config) ->
    Port = ?config(port, Config),
    [?assertMatch({?REPLY_ERROR, {bad_frame, _}}, ask(Port, frame(Op, 9, Body)))
     || {Op, Body} <- [{?OP_NEW, ?H}, {?OP_GET, {?H, <<"k">>}}, {?OP_EVAL, {1, <<"1">>, #{}}}]],
    hello(Port, options(Config)),
    alive(Port).

second_hello(Config) ->
    Port = ?config(port, Config),
    ?assertMatch({?REPLY_ERROR, {bad_frame, _}}, ask(Port, [header(?OP_HELLO, 1), py_protocol:hello(options(Config))])),
    alive(Port).

%% Refused with words, and the program exits with status 1.
bad_hello(Config) ->
    Options = (options(Config))#{protocol => ?PROTOCOL_VERSION},
    [begin
         Port = open(),
         ?assertMatch({Bad, {?REPLY_ERROR, {_, _}}}, {Bad, hello_reply(Port, Bad)}),
         receive {Port, {exit_status, Status}} -> ?assertEqual({Bad, 1}, {Bad, Status}) after 20000 -> ct:fail({no_end, Bad}) end
     end || Bad <- [Options#{max_frame => 10}, Options#{max_frame => 2 bsl 30}, Options#{none => null}, Options#{log_credit => -1},
                    Options#{node => 1}, Options#{node_pid => 0}, Options#{table => x}, Options#{table => <<>>}, Options#{role => both},
                    Options#{table => <<"/no/such/folder/table">>}, Options#{unheard => 1},
                    maps:remove(node, Options), maps:remove(role, Options), #{} | bad_options(?config(role, Config), Options)]],
    Port = open(),
    ?assertMatch({?REPLY_ERROR, {protocol_mismatch, 2, 1}}, hello_reply(Port, Options#{protocol => 2})),
    receive {Port, {exit_status, 1}} -> ok after 20000 -> ct:fail(no_end) end.

bad_options(table, #{limits := Limits} = Options) ->
    [maps:remove(limits, Options), Options#{limits => #{}}, Options#{pool => p}]
        ++ [Options#{limits => Limits#{Limit => Value}} || Limit <- maps:keys(Limits), Value <- [0, -1, x, 1 bsl 64]]
        ++ [Options#{limits => Limits#{max_key_bytes => 65536}}, Options#{limits => Limits#{max_values => 1}}];
bad_options(python, Options) ->
    [maps:remove(interpreters, Options), Options#{limits => #{}}, Options#{isolation => process, interpreters => 2}]
        ++ [Options#{Key => Value}
            || {Key, Values} <- [{interpreters, [0, 65, x]}, {python, [1, <<"/no/such/python">>]},
                                 {python_path, [x, [1]]}, {max_queue, [0]}, {isolation, [thread]}, {pool, [<<"p">>]},
                                 {preload, [x, [1], [<<"no_such_module">>]]},
                                 {on_restart, [1, <<"1/0">>, <<"def (">>]}, {max_memory, [-1, 1000]}, {allow_import, [x, [1]]},
                                 {stderr, [x, <<"/no/such/folder/file">>]}],
               Value <- Values].

hello_reply(Port, Options) -> ask(Port, [header(?OP_HELLO, 1), py_protocol:encode(Options)]).

%% Random bytes behind a header that says anything.
garbage(Config) ->
    Port = ?config(port, Config),
    send_garbage(Port, 10),   % so that all modules that this needs are loaded
    Atoms = erlang:system_info(atom_count),
    send_garbage(Port, 5000),
    ?assertEqual(Atoms, erlang:system_info(atom_count)).

send_garbage(Port, Count) ->
    [begin
         Body = crypto:strong_rand_bytes(rand:uniform(200) - 1),
         Op = lists:nth(rand:uniform(12), [?OP_INFO, ?OP_NEW, ?OP_DESTROY, ?OP_GET, ?OP_SET, ?OP_DEL, ?OP_KEYS, ?OP_CALL, ?OP_EVAL,
                                          ?OP_EXEC, ?OP_RUN, rand:uniform(256) - 1]),
         send(Port, [<<1, Op, 0:16, N:32>>, <<131>>, Body]),
         send(Port, crypto:strong_rand_bytes(rand:uniform(64) - 1))
     end || N <- lists:seq(1, Count)],
    alive(Port).

%% Good frames with some of their bytes changed.
mutated_golden_frames(Config) ->
    Port = ?config(port, Config),
    Requests = [Frame || {"request_" ++ Name, Frame} <- golden_frames(), not lists:prefix("hello", Name), Name =/= "log_credit"],
    [send(Port, mutate(Frame, rand:uniform(3))) || _ <- lists:seq(1, 300), Frame <- Requests],
    alive(Port).

mutate(Frame, 0) -> Frame;
mutate(Frame, Times) ->
    At = rand:uniform(byte_size(Frame)) - 1,
    <<Before:At/binary, _, After/binary>> = Frame,
    mutate(<<Before/binary, (rand:uniform(256) - 1), After/binary>>, Times - 1).

%% A frame that nobody waits for and that cannot be carried out becomes an event, if anything.
no_reply_errors(Config) ->
    Port = ?config(port, Config),
    send(Port, [<<1, ?OP_CALL, ?FLAG_NO_REPLY:16, 0:32>>, py_protocol:encode({99, <<"math">>, <<"sqrt">>, [1], #{}})]),
    receive {Port, {data, <<1, ?EVENT_CAST_FAILED, 0:16, 0:32, Body/binary>>}} ->
            ?assertEqual({error, no_namespace}, py_protocol:cast_failed(Body))
    after 20000 -> ct:fail(no_event)
    end,
    alive(Port).

end_of_input(Config) ->
    Port = ?config(port, Config),
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    port_close(Port),
    py_ct:eventually(fun() -> not py_ct:is_alive(Pid) end).

%% Bytes come as they come.
split_frames(Config) ->
    Port = open_raw(),
    Frames = [[header(?OP_HELLO, 1), py_protocol:hello(options(Config))], header(?OP_PING, 2), header(?OP_PING, 3)],
    Stream = iolist_to_binary([[<<(iolist_size(Frame)):32>>, Frame] || Frame <- Frames]),
    [port_command(Port, <<Byte>>) || <<Byte>> <= Stream],
    Replies = raw_replies(Port, <<>>, 3),
    ?assertMatch([<<1, ?REPLY_VALUE, 0:16, 1:32, _/binary>>, <<1, ?REPLY_OK, 0:16, 2:32>>, <<1, ?REPLY_OK, 0:16, 3:32>>], Replies),
    port_close(Port).

raw_replies(_, _, 0) -> [];
raw_replies(Port, <<Size:32, Frame:Size/binary, Rest/binary>>, N) -> [Frame | raw_replies(Port, Rest, N - 1)];
raw_replies(Port, Bytes, N) ->
    receive {Port, {data, Data}} -> raw_replies(Port, <<Bytes/binary, Data/binary>>, N)
    after 20000 -> ct:fail(no_reply)
    end.

%%% Helpers

open() -> open_port({spawn_executable, py_ct:program()}, [{packet, 4}, binary, exit_status, hide]).

open_raw() -> open_port({spawn_executable, py_ct:program()}, [stream, binary, exit_status, hide]).

options(Config) -> options(?config(role, Config), Config).

options(Role, Config) ->
    Common = #{role => Role, table => ?config(file, Config), node => node(), node_pid => list_to_integer(os:getpid()),
               max_frame => ?MAX_FRAME, none => none, log_credit => 1000},
    maps:merge(Common, own_options(Role)).

own_options(table) ->
    #{limits => #{max_table_bytes => 1 bsl 30, max_dict_bytes => 1 bsl 30, max_dict_keys => 1 bsl 30, max_key_bytes => 65535,
                  max_dicts => 1 bsl 30}};
own_options(python) ->
    #{pool => frames, isolation => interpreter, interpreters => 1, python => <<>>, python_path => [], max_queue => 1000, preload => [],
      on_restart => <<>>, max_memory => 0, allow_import => [], stderr => <<>>}.

hello(Port, Options) ->
    {?REPLY_VALUE, #{protocol := 1}} = ask(Port, [header(?OP_HELLO, 1), py_protocol:hello(Options)]).

header(Op, Id) -> py_protocol:header(Op, 0, Id).

frame(Op, Id, Body) -> [header(Op, Id), py_protocol:encode(Body)].

send(Port, Frame) -> true = port_command(Port, Frame).

%% The answer to a frame, under the frame's own id: {Reply, Term}, with `none' for no body.
ask(Port, Frame) ->
    send(Port, Frame),
    <<_:32, Id:32, _/binary>> = iolist_to_binary(Frame),
    receive
        {Port, {data, <<1, Op, 0:16, Id:32>>}} when Op < 16#c0 -> {Op, none};
        {Port, {data, <<1, Op, 0:16, Id:32, Body/binary>>}} when Op < 16#c0 -> {Op, binary_to_term(Body, [safe])};
        {Port, {data, <<1, Op, 0:16, Other:32, _/binary>>}} when Op < 16#c0 -> ct:fail({reply_to_another, Other, Frame});
        {Port, {exit_status, Status}} -> ct:fail({died, Status, Frame})
    after 20000 -> ct:fail({no_reply, Frame})
    end.

%% Still there and in step: what is asked now is answered now.
alive(Port) ->
    Id = 16#fedcba98,
    send(Port, header(?OP_PING, Id)),
    await_ping(Port, Id).

await_ping(Port, Id) ->
    receive
        {Port, {data, <<1, ?REPLY_OK, 0:16, Id:32>>}} -> ok;
        {Port, {data, <<1, Op, 0:16, _:32, _/binary>>}} when Op >= 16#80 -> await_ping(Port, Id);
        {Port, Other} -> ct:fail({unexpected, Other})
    after 60000 -> ct:fail(hangs)
    end.

%% It may end while we still write.
close_after(Port, Frame) ->
    process_flag(trap_exit, true),
    send(Port, Frame),
    receive
        {Port, {exit_status, Status}} -> ?assert(Status < 128);
        {'EXIT', Port, epipe} -> ok
    after 20000 -> ct:fail(no_end)
    end.

golden_frames() ->
    [begin
         [Name, Hex] = binary:split(Line, <<" ">>),
         {binary_to_list(Name), py_ct:unhex(Hex)}
     end || Line <- py_ct:golden("frames.txt")].
